from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.lake import Lake
from cli.report.freshness import read_waits
from tideline.settings import Settings

COMMITTED = datetime(2024, 3, 1, 12, 0, 10, tzinfo=UTC)


def add(oldest: str, newest: str, rows: int, *, data_change: bool = True) -> dict[str, object]:
    stats = {"numRecords": rows, "minValues": {"kafka_timestamp": oldest}, "maxValues": {"kafka_timestamp": newest}}
    return {"add": {"dataChange": data_change, "stats": json.dumps(stats)}}


def write_commit(settings: Settings, version: int, *actions: dict[str, object]) -> None:
    log = Path(settings.warehouse) / "bronze" / "tweets" / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    info = {"commitInfo": {"timestamp": int(COMMITTED.timestamp() * 1000)}}
    lines = [json.dumps(action) for action in (info, *actions)]
    (log / f"{version:020}.json").write_text("\n".join(lines))


def test_a_commit_waited_from_its_oldest_record_over_all_of_its_files(settings: Settings) -> None:
    write_commit(
        settings,
        3,
        add("2024-03-01T12:00:04.000Z", "2024-03-01T12:00:08.000Z", 5),
        add("2024-03-01T12:00:02.500Z", "2024-03-01T12:00:06.000Z", 7),
    )
    [wait] = read_waits(Lake(settings), "bronze.tweets")
    assert (wait.version, wait.rows, wait.committed_at) == (3, 12, COMMITTED)
    assert wait.oldest_wait == pytest.approx(7.5)
    assert wait.newest_wait == pytest.approx(2.0)


def test_a_creation_and_a_compaction_are_no_waits(settings: Settings) -> None:
    write_commit(settings, 0, {"metaData": {"id": "t"}})
    write_commit(settings, 1, add("2024-03-01T12:00:02.000Z", "2024-03-01T12:00:06.000Z", 7, data_change=False))
    assert read_waits(Lake(settings), "bronze.tweets") == []


def test_a_table_that_does_not_exist_has_no_waits(settings: Settings) -> None:
    assert read_waits(Lake(settings), "bronze.tweets") == []
