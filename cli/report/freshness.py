"""How long records waited between the broker and a bronze commit, read from the commits themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.lake import Lake

NEWEST_COMMITS = 500
"""A stream commits every few seconds: older commits would only make the page slow."""


@dataclass(frozen=True)
class CommitWait:
    """A bronze commit: its rows, and the seconds that its oldest and its newest record waited."""

    table: str
    version: int
    committed_at: datetime
    rows: int
    oldest_wait: float
    newest_wait: float


def read_waits(lake: Lake, table: str) -> list[CommitWait]:
    """The waits of the newest commits that the stream made to a bronze table, oldest first."""
    waits = (parse_commit(table, version, text) for version, text in lake.commits(table, NEWEST_COMMITS))
    return [wait for wait in waits if wait is not None]


def parse_commit(table: str, version: int, text: str) -> CommitWait | None:
    """A commit's wait; null for commits that bring no new rows, such as the table's creation or a compaction."""
    actions = [json.loads(line) for line in text.splitlines()]
    info = next((action["commitInfo"] for action in actions if "commitInfo" in action), None)
    added = [json.loads(action["add"]["stats"]) for action in actions if _brings_rows(action)]
    added = [stats for stats in added if "kafka_timestamp" in stats.get("minValues", {})]
    if info is None or not added:
        return None
    committed = datetime.fromtimestamp(info["timestamp"] / 1000, UTC)
    oldest = min(_time(stats["minValues"]["kafka_timestamp"]) for stats in added)
    newest = max(_time(stats["maxValues"]["kafka_timestamp"]) for stats in added)
    return CommitWait(
        table,
        version=version,
        committed_at=committed,
        rows=sum(stats["numRecords"] for stats in added),
        oldest_wait=(committed - oldest).total_seconds(),
        # A maximum in the statistics is rounded up to the next millisecond.
        newest_wait=max(0.0, (committed - newest).total_seconds()),
    )


def _brings_rows(action: dict[str, dict[str, object]]) -> bool:
    add = action.get("add", {})
    return bool(add.get("dataChange")) and bool(add.get("stats"))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
