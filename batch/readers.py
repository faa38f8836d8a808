"""Who still has to read which commits of a bronze table: the live queries and silver. No Spark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch.log import newest_state, processed_states
from tideline.checkpoints import Checkpoint, first_version_needed, read_checkpoint
from tideline.errors import CheckpointError
from tideline.lake import commit_files, table_path, was_created
from tideline.settings import Settings
from tideline.sources import LIVE_QUERIES
from tideline.storage import Storage, open_storage


@dataclass(frozen=True)
class Reader:
    """A reader of a table.

    Attributes:
        name: the live query, or silver's table.
        log_version: the oldest version that the log must hold for it to go on.
        next_version: the first version whose rows it has not read.
    """

    name: str
    log_version: int
    next_version: int


def readers(settings: Settings, bronze: str) -> list[Reader]:
    """Who has begun to read a bronze table, and can go on from where it is."""
    return list(_readers(settings, bronze))


def committed_at(log: Storage, version: int) -> datetime:
    """When a version was committed, as its writer says.

    Args:
        log: the table's folder.
        version: one whose commit file is still there.
    """
    times = (action["commitInfo"]["timestamp"] for action in _actions(log, version) if "commitInfo" in action)
    time = next(times, None)
    # A commit need not say when it was made: such a one is never taken for old.
    return datetime.max.replace(tzinfo=UTC) if time is None else datetime.fromtimestamp(time / 1000, UTC)


def needed_since(settings: Settings, bronze: str) -> tuple[Reader, datetime] | None:
    """The reader that is furthest behind and when the first rows that it has not read came; None at the end.

    A reader whose next commit is gone from the log starts anew from the whole table, and needs none.
    """
    log, commits = open_storage(settings, table_path(settings, bronze)), commit_files(settings, bronze)
    behind = [reader for reader in readers(settings, bronze) if reader.next_version in commits]
    if not behind:
        return None
    slowest = min(behind, key=lambda reader: reader.next_version)
    unread = (version for version in sorted(commits) if version >= slowest.next_version and _brings_rows(log, version))
    first = next(unread, None)
    return None if first is None else (slowest, committed_at(log, first))


def _brings_rows(log: Storage, version: int) -> bool:
    """Whether a commit adds rows; those of maintenance do not."""
    return any(action["add"]["dataChange"] for action in _actions(log, version) if "add" in action)


def _actions(log: Storage, version: int) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in log.read(f"_delta_log/{version:020}.json").splitlines())


def _readers(settings: Settings, bronze: str) -> Iterator[Reader]:
    bronze_id = newest_state(settings, bronze).bronze_id
    checkpoints = open_storage(settings, settings.checkpoints)
    for name, query in LIVE_QUERIES.items():
        found = _progress(checkpoints, name) if f"bronze.{query.source}" == bronze else None
        if found is not None and found.planned is not None and found.planned["reservoirId"] == bronze_id:
            # What was planned and not committed is read again.
            unread = found.committed or found.begun or found.planned
            yield Reader(name, first_version_needed(found) or 0, int(unread["reservoirVersion"]))
    silver = bronze.replace("bronze", "silver")
    if was_created(settings, silver):
        for state in processed_states(settings, silver)[:1]:
            if state.bronze_id == bronze_id:
                yield Reader(silver, state.bronze_version, state.bronze_version + 1)


def _progress(checkpoints: Storage, query: str) -> Checkpoint | None:
    try:
        return read_checkpoint(checkpoints, query)
    except CheckpointError:
        # The stream drops it, and computes the table from all of bronze.
        return None
