"""The job ``vacuum``: deletes files that no version within a table's retention names. No Spark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deltalake import DeltaTable as DeltaLog

from batch.readers import needed_since
from tideline.conflicts import retry_conflicts
from tideline.lake import open_log, table_path, was_created
from tideline.schemas import TABLES
from tideline.settings import LEAST_RETENTION_DAYS, S3A, Settings
from tideline.storage import open_storage

RETENTION = "delta.deletedFileRetentionDuration"
"""The property by which Delta itself forgets that a file was ever there: the retention can only be what it says."""


@dataclass(frozen=True)
class Vacuumed:
    """What was deleted of a table; ``left_to`` names the reader that needs its old files, where there is one."""

    table: str
    deleted_files: int
    left_to: str = ""


def vacuum(settings: Settings) -> list[Vacuumed]:
    """Vacuum every table; what a live query or silver has still to read stays, however old it is."""
    return [_vacuum_table(settings, name) for name in TABLES if was_created(settings, name)]


@retry_conflicts
def _vacuum_table(settings: Settings, name: str) -> Vacuumed:
    waiting = needed_since(settings, name) if name.startswith("bronze.") else None
    if waiting is not None and waiting[1] < datetime.now(UTC) - timedelta(days=settings.retention_days):
        # Compaction may have replaced files that this reader finds in the commits before it.
        return Vacuumed(name, 0, left_to=f"{waiting[0].name}, at version {waiting[0].next_version}")
    log = open_log(settings, name)
    _ensure_retention(log, settings.retention_days)
    # Without a number it is the table's own retention, and the guard of the package refuses less.
    deleted = log.vacuum(dry_run=False, full=True)
    path = table_path(settings, name)
    if not path.startswith(S3A):
        # In a folder Hadoop writes a checksum beside each file, of which Delta knows nothing.
        open_storage(settings, path).remove([f".{file}.crc" for file in deleted])
    return Vacuumed(name, len(deleted))


def _ensure_retention(log: DeltaLog, days: int) -> None:
    """Raise the table's own retention to this; one that is longer, or said in other words, stays."""
    found = log.metadata().configuration.get(RETENTION)
    own = re.fullmatch(r"interval (\d+) days", found) if found else None
    if (int(own[1]) if own else LEAST_RETENTION_DAYS if found is None else days) < days:
        log.alter.set_table_properties({RETENTION: f"interval {days} days"})
