"""The job ``trim``: deletes the rows of ``ops`` tables that were kept long enough. No Spark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tideline.conflicts import retry_conflicts
from tideline.lake import open_log, was_created
from tideline.schemas import TABLES, Table
from tideline.settings import Settings


@dataclass(frozen=True)
class Trimmed:
    """How many rows of a table were older than ``kept_since``, by the column ``by``."""

    table: str
    by: str
    kept_since: datetime
    deleted_rows: int


def trim(settings: Settings) -> list[Trimmed]:
    """Delete what is older than ``settings.ops_days``; a table without such rows gets no commit."""
    kept_since = datetime.now(UTC).replace(microsecond=0) - timedelta(days=settings.ops_days)
    tables = [t for t in TABLES.values() if t.schema == "ops" and was_created(settings, t.name)]
    return [_trim_table(settings, table, kept_since) for table in tables]


@retry_conflicts
def _trim_table(settings: Settings, table: Table, kept_since: datetime) -> Trimmed:
    # The first time that a row has is when it was written.
    time = next(column.name for column in table.columns if column.type == "timestamp")
    cutoff = f"arrow_cast('{kept_since:%Y-%m-%dT%H:%M:%S}', 'Timestamp(Microsecond, Some(\"UTC\"))')"
    done = open_log(settings, table.name).delete(f'"{time}" < {cutoff}')
    return Trimmed(table.name, time, kept_since, done["num_deleted_rows"])
