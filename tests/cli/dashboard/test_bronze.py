from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.dashboard.bronze import Bronze
from cli.dashboard.live_lake import LiveLake
from tests.cli.builders import Write, bronze_row
from tideline.lake import open_log
from tideline.settings import Settings

TWEETS = "bronze.tweets"


def looked(lake: LiveLake, bronze: Bronze) -> tuple[int, int, int]:
    """Rows, quarantined rows and waits after a look at everything."""
    lake._held.clear()
    bronze.look(lake)
    return sum(bronze.verdicts.rows.values()), sum(bronze.verdicts.quarantined.values()), len(bronze.waits)


def test_records_and_waits_follow_the_commits(settings: Settings, write: Write) -> None:
    lake, bronze = LiveLake(settings), Bronze(TWEETS)
    assert looked(lake, bronze) == (0, 0, 0)
    write(TWEETS, [bronze_row("tweets", 0, 0, "a")])
    assert looked(lake, bronze) == (1, 0, 1)
    write(TWEETS, [bronze_row("tweets", 0, 1, "b", "date or time is missing")])
    open_log(settings, TWEETS).optimize.compact()
    assert looked(lake, bronze) == (2, 1, 2)
    assert looked(lake, bronze) == (2, 1, 2)


def test_what_was_counted_is_not_read_again(settings: Settings, write: Write) -> None:
    lake, bronze = LiveLake(settings), Bronze(TWEETS)
    write(TWEETS, [bronze_row("tweets", 0, 0, "a")])
    assert looked(lake, bronze) == (1, 0, 1)
    [counted] = Path(lake.path(TWEETS)).glob("*.parquet")
    counted.unlink()
    write(TWEETS, [bronze_row("tweets", 0, 1, "b")])
    assert looked(lake, bronze) == (2, 0, 2)


def test_a_wait_is_from_kafkas_time_to_the_commit(settings: Settings, write: Write) -> None:
    received = datetime.now(UTC) - timedelta(seconds=30)
    write(TWEETS, [bronze_row("tweets", 0, 0, "a", kafka_timestamp=received)])
    bronze = Bronze(TWEETS)
    bronze.look(LiveLake(settings))
    assert [wait.oldest_wait for wait in bronze.waits] == [pytest.approx(30, abs=10)]


def test_a_table_that_was_made_anew_is_counted_anew(settings: Settings, write: Write) -> None:
    lake, bronze = LiveLake(settings), Bronze(TWEETS)
    write(TWEETS, [bronze_row("tweets", 0, offset, str(offset)) for offset in range(3)])
    assert looked(lake, bronze) == (3, 0, 1)
    shutil.rmtree(lake.path(TWEETS))
    assert looked(lake, bronze) == (0, 0, 0)
    write(TWEETS, [bronze_row("tweets", 0, 0, "a")])
    write(TWEETS, [bronze_row("tweets", 0, 1, "b")])
    assert looked(lake, bronze) == (2, 0, 2)


def test_commits_that_the_log_no_longer_has_are_made_up_for_by_a_count(settings: Settings, write: Write) -> None:
    lake, bronze = LiveLake(settings), Bronze(TWEETS)
    write(TWEETS, [bronze_row("tweets", 0, 0, "a")])
    assert looked(lake, bronze) == (1, 0, 1)
    write(TWEETS, [bronze_row("tweets", 0, 1, "b", "date or time is missing")])
    write(TWEETS, [bronze_row("tweets", 0, 2, "c")])
    open_log(settings, TWEETS).create_checkpoint()
    (Path(lake.path(TWEETS)) / "_delta_log" / f"{1:020}.json").unlink()
    assert looked(lake, bronze)[:2] == (3, 1)
