"""The job ``clean_logs``: deletes old commits where Delta itself must not.

Bronze and live tables keep every commit (``delta.enableExpiredLogCleanup=false``): only here is known who reads them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from batch.readers import Reader, committed_at, readers
from tideline.lake import table_path, was_created
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.storage import open_storage

OWN_CLEANUP = "delta.enableExpiredLogCleanup"

_OF_A_VERSION = re.compile(r"\.?(\d{20})\.")
"""How the name of every file in a log begins that belongs to a version: commit, checkpoint, checksum."""


@dataclass(frozen=True)
class CleanedLog:
    """What was deleted of a log, the oldest version left, and the reader that holds it back, where one does."""

    log: str
    deleted_files: int
    oldest_version: int
    held_by: str = ""


def clean_logs(settings: Settings) -> list[CleanedLog]:
    """Clean the logs of all tables that Delta leaves alone."""
    names = [t.name for t in TABLES.values() if t.properties.get(OWN_CLEANUP) == "false"]
    return [_clean_log(settings, name) for name in names if was_created(settings, name)]


def _clean_log(settings: Settings, name: str) -> CleanedLog:
    """Delete what lies before a Delta checkpoint that is old enough, and that no reader has to read beyond.

    From a checkpoint on every version can be read. Oldest files go first: what a crash leaves has no gap.
    """
    storage = open_storage(settings, table_path(settings, name))
    files = {file: int(found[1]) for file in storage.names("_delta_log") if (found := _OF_A_VERSION.match(file))}
    commits = {version for file, version in files.items() if file.endswith(".json")}
    starts = sorted(
        version for file, version in files.items() if file.endswith(".checkpoint.parquet") and version in commits
    )
    of_bronze = readers(settings, name) if name.startswith("bronze.") else []
    reader = min(of_bronze, key=lambda reader: reader.log_version, default=None)
    horizon = datetime.now(UTC) - timedelta(days=settings.retention_days)
    # Times rise with versions: some fifteen commits are read, of however many.
    old = starts[: bisect_left(starts, horizon, key=lambda version: committed_at(storage, version))]
    free = [version for version in old if reader is None or version <= reader.log_version]
    first = max(free, default=min(commits, default=0))
    gone = sorted((file for file, version in files.items() if version < first), key=lambda file: files[file])
    storage.remove([f"_delta_log/{file}" for file in gone])
    return CleanedLog(name, len(gone), first, _named(reader) if reader is not None and len(free) < len(old) else "")


def _named(reader: Reader) -> str:
    return f"{reader.name}, from version {reader.log_version} on"
