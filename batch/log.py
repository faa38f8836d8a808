"""What a Delta log says: a table's version, and what silver and gold were made from. In milliseconds, without Spark."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from deltalake import DeltaTable as DeltaLog

from tideline.errors import TableError
from tideline.lake import open_log, was_created
from tideline.settings import Settings
from tideline.sources import SOURCES

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


@dataclass(frozen=True)
class GoldState:
    """What a mart was made from: a version of silver, and the state of bronze that this silver holds.

    ``bronze`` is None where no run of `clean` has ever read the source.
    """

    silver: str
    silver_version: int
    bronze: BronzeState | None

    def to_metadata(self) -> str:
        """The text that a mart's commit carries."""
        return json.dumps(asdict(self))


def bronze_sources(settings: Settings) -> list[str]:
    """The sources that have a bronze table.

    Raises:
        TableError: there is no bronze table at all.
    """
    present = [source for source in SOURCES if was_created(settings, f"bronze.{source}")]
    if not present:
        msg = f"no bronze table found under {settings.warehouse}/bronze; `tideline stream` creates them"
        raise TableError(msg)
    return present


def newest_version(settings: Settings, name: str) -> int:
    """The newest version of a table."""
    return int(open_log(settings, name).version())


def newest_state(settings: Settings, bronze: str) -> BronzeState:
    """The bronze table as it stands."""
    table = open_log(settings, bronze)
    return BronzeState(str(table.metadata().id), int(table.version()))


def processed_states(settings: Settings, silver: str, version: int | None = None) -> list[BronzeState]:
    """The bronze versions that silver's own commits name, newest commit first; empty when none within reach does.

    Args:
        settings: where the tables lie.
        silver: the silver table.
        version: of silver, up to which commits count; the newest when left out.
    """
    commits = open_log(settings, silver, version).history(LOOK_BACK)
    return [BronzeState(**json.loads(c["userMetadata"])) for c in commits if c.get("userMetadata")]


def gold_state(settings: Settings, silver: str, version: int) -> GoldState:
    """What a mart is made from when it is made from this version of a silver table."""
    return GoldState(silver, version, next(iter(processed_states(settings, silver, version)), None))


def made_from(mart: DeltaLog) -> GoldState | None:
    """What the newest run of `gold` made a mart from; None when it never said."""
    found = next((c["userMetadata"] for c in mart.history(LOOK_BACK) if c.get("userMetadata")), None)
    if found is None:
        return None
    said = json.loads(found)
    return GoldState(said["silver"], said["silver_version"], BronzeState(**said["bronze"]) if said["bronze"] else None)


def count_rows(settings: Settings, name: str) -> int:
    """How many rows a table has, from its file statistics."""
    return int(open_log(settings, name).count())
