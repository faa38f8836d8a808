"""When a table was compacted last, found in its log."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from cli.dashboard.live_lake import LiveLake, version_of
from cli.lake import read_log
from tideline.lake import table_path
from tideline.settings import Settings
from tideline.storage import open_storage

LOOK_BACK = 200
"""Commits looked through at first: a live table is compacted every some sixty commits, others change hourly."""


@dataclass
class Compactions:
    """The last compaction of each table as of the last look; of a log only new commits are looked through."""

    _known: dict[str, tuple[tuple[str, int], datetime | None]] = field(default_factory=dict)

    def last(self, lake: LiveLake, name: str) -> datetime | None:
        """When a table was compacted last; null where that never was, or lies further back than its log says.

        Raises:
            TableError: the table cannot be read.
        """
        with lake.lock:
            log = lake.log(name)
            if log is None:
                return None
            version = version_of(log)
            seen, found = self._known.get(name, (("", 0), None))
            if seen != version:
                if seen[0] == version[0] and seen[1] < version[1]:
                    found = read_log(name, log, partial(_newest, version[1] - seen[1])) or found
                else:
                    found = read_log(name, log, partial(_find, lake.settings, name))
                self._known[name] = (version, found)
            return found


def _newest(commits: int, log: DeltaTable) -> datetime | None:
    done = next((commit for commit in log.history(commits) if commit["operation"] == "OPTIMIZE"), None)
    return None if done is None else datetime.fromtimestamp(done["timestamp"] / 1000, UTC)


def _find(settings: Settings, name: str, log: DeltaTable) -> datetime | None:
    append_only = log.metadata().configuration.get("delta.appendOnly") == "true"
    return _newest(LOOK_BACK, log) or (_newest_removal(settings, name) if append_only else None)


def _newest_removal(settings: Settings, name: str) -> datetime | None:
    """Only a compaction removes files of bronze; Spark's checkpoints remember when, thousands of commits later."""
    storage = open_storage(settings, table_path(settings, name))
    try:
        version = json.loads(storage.read("_delta_log/_last_checkpoint"))["version"]
        checkpoint = pq.ParquetFile(io.BytesIO(storage.read(f"_delta_log/{version:020}.checkpoint.parquet")))
    except FileNotFoundError:
        return None
    if "remove" not in checkpoint.schema_arrow.names:
        return None
    removed = checkpoint.read(columns=["remove.deletionTimestamp"])["remove"]
    newest = pc.max(pc.struct_field(removed, "deletionTimestamp")).as_py()
    return None if newest is None else datetime.fromtimestamp(newest / 1000, UTC)
