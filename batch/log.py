"""What a Delta log says: a table's id and version, how far silver has read bronze. In milliseconds, without Spark."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tideline.lake import open_log
from tideline.settings import Settings

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


def newest_version(settings: Settings, name: str) -> int:
    """The newest version of a table."""
    return int(open_log(settings, name).version())


def newest_state(settings: Settings, bronze: str) -> BronzeState:
    """The bronze table as it stands."""
    table = open_log(settings, bronze)
    return BronzeState(str(table.metadata().id), int(table.version()))


def processed_states(settings: Settings, silver: str) -> list[BronzeState]:
    """The bronze versions that silver's own commits name, newest commit first; empty when none within reach does."""
    commits = open_log(settings, silver).history(LOOK_BACK)
    return [BronzeState(**json.loads(c["userMetadata"])) for c in commits if c.get("userMetadata")]


def count_rows(settings: Settings, name: str) -> int:
    """How many rows a table has, from its file statistics."""
    return int(open_log(settings, name).count())
