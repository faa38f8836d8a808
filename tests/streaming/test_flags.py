"""The judge of emission rows on tables made by ``deltalake`` itself: batches, crashes, restarts. No Spark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from streaming.flags import RowJudge, expected_flags
from tests.streaming.test_anomalies import emissions, row
from tideline.lake import table_path
from tideline.rows import append_rows
from tideline.settings import Settings
from tideline.sources import ANOMALIES_QUERY, LIVE_QUERIES

BRONZE = "bronze.emissions"
TABLES = LIVE_QUERIES[ANOMALIES_QUERY].tables


class Stream:
    """The query without Spark: commits to bronze, writes the batch's offset down, and calls the judge."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.batch = settings, -1
        for name in (BRONZE, *TABLES):
            append_rows(settings, name, [])
        self.restart()

    def restart(self) -> None:
        self.judge = RowJudge(self.settings)

    def take(self, *commits: list[dict[str, Any]]) -> None:
        """Commits of bronze, and the batch that reads them."""
        for rows in commits:
            append_rows(self.settings, BRONZE, rows)
        self.plan(self.version(BRONZE) + 1)
        self.judge.after_batch(self.batch)

    def plan(self, next_version: int) -> None:
        self.batch += 1
        offset = {"reservoirVersion": next_version, "index": -1, "isStartingVersion": False}
        file = Path(self.settings.checkpoints, ANOMALIES_QUERY, "offsets", str(self.batch))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"v1\n{{}}\n{json.dumps(offset)}")

    def version(self, name: str) -> int:
        return int(DeltaTable(table_path(self.settings, name)).version())

    def stored(self) -> list[set[str]]:
        return [texts(DeltaTable(table_path(self.settings, name)).to_pyarrow_table().to_pylist()) for name in TABLES]

    def expected(self) -> list[set[str]]:
        """What a rebuild gives."""
        found = expected_flags(self.settings, self.version(BRONZE))
        return [texts(found[name].to_pylist()) for name in TABLES]


def texts(rows: list[dict[str, Any]]) -> set[str]:
    found = {json.dumps(row, default=str, sort_keys=True) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return Stream(Settings(home=tmp_path))


def test_batches_and_restarts_give_what_a_rebuild_gives(stream: Stream) -> None:
    rows = emissions(7)
    stream.take(rows[:60])
    stream.take(rows[60:80], rows[80:100])
    stream.restart()
    stream.take(rows[100:])
    assert stream.stored() == stream.expected()
    assert all(stream.stored())


def test_a_compaction_of_bronze_between_two_batches_changes_nothing(stream: Stream) -> None:
    rows = emissions(7)
    stream.take(rows[:60])
    append_rows(stream.settings, BRONZE, rows[60:100])
    DeltaTable(table_path(stream.settings, BRONZE)).optimize.compact()
    stream.take(rows[100:])
    assert stream.stored() == stream.expected()


def test_a_batch_that_is_repeated_after_a_crash_changes_nothing(stream: Stream) -> None:
    rows = emissions(7)
    stream.take(rows[:60])
    stream.take(rows[60:])
    versions, stored = [stream.version(name) for name in TABLES], stream.stored()
    stream.restart()
    stream.judge.after_batch(stream.batch)
    assert [stream.version(name) for name in TABLES] == versions
    # Killed between flags and baselines: the flags are found again.
    Path(table_path(stream.settings, TABLES[1]), "_delta_log", f"{versions[1]:020}.json").unlink()
    stream.restart()
    stream.judge.after_batch(stream.batch)
    assert stream.stored() == stored


def test_a_first_batch_replaces_what_the_tables_held(stream: Stream) -> None:
    append_rows(stream.settings, TABLES[0], [{"rule": "made up", "entity": "a.org", "event_id": "e0", "score": 1.0}])
    append_rows(stream.settings, TABLES[1], [{"domain": "a.org", "topic": "emissions", "partition": 0, "median": 9.0}])
    stream.take([row(n, "1", "1", "1", "3") for n in range(30)])
    assert stream.stored() == stream.expected()
    assert [len(rows) for rows in stream.stored()] == [0, 1]


def test_a_query_that_begins_on_an_empty_table_leaves_empty_tables(stream: Stream) -> None:
    stream.plan(0)
    stream.judge.after_batch(0)
    assert stream.stored() == [set(), set()]
