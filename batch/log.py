"""What a Delta log says: a table's id and version, how far silver has read bronze. In milliseconds, without Spark."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from tideline.errors import TableError

LOOK_BACK = 200
"""How many commits of silver are searched for the newest that names a bronze version; between two such commits lie
only those of OPTIMIZE and VACUUM, a few a day."""


@dataclass(frozen=True)
class BronzeState:
    """A version of a bronze table: the table's own id tells it from another one in the same place."""

    bronze_id: str
    bronze_version: int

    def to_metadata(self) -> str:
        """The text that a silver commit carries."""
        return json.dumps(asdict(self))


def open_log(path: str) -> DeltaTable:
    """The log of the table at this path.

    Raises:
        TableError: there is no Delta table.
    """
    try:
        return DeltaTable(path)
    except TableNotFoundError as error:
        msg = f"there is no Delta table at {path}; run the step that writes it first"
        raise TableError(msg) from error


def newest_version(path: str) -> int:
    """The newest version of the table at this path."""
    return int(open_log(path).version())


def newest_state(bronze_path: str) -> BronzeState:
    """The bronze table as it stands."""
    table = open_log(bronze_path)
    return BronzeState(str(table.metadata().id), int(table.version()))


def processed_states(silver_path: str) -> list[BronzeState]:
    """The bronze versions that silver's own commits name, newest commit first; empty when none within reach does."""
    commits = open_log(silver_path).history(LOOK_BACK)
    return [BronzeState(**json.loads(c["userMetadata"])) for c in commits if c.get("userMetadata")]


def count_rows(path: str) -> int:
    """How many rows the table at this path has, from its file statistics."""
    return int(open_log(path).count())
