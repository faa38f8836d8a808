from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.dashboard.live_lake import LOOK_SECONDS, REOPEN_SECONDS, LiveLake
from tests.cli.builders import Write
from tideline.errors import TableError
from tideline.settings import Settings

DAILY, TOP = "live.tweet_counts_daily", "gold.top_10_domains"
SUM = "select sum(tweets) as n from t"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lake(settings: Settings, clock: Clock) -> LiveLake:
    return LiveLake(settings, clock)


def test_a_result_is_kept_while_the_tables_version_stays(lake: LiveLake, clock: Clock, write: Write) -> None:
    write(DAILY, [{"tweets": 2}])
    first = lake.rows(DAILY, SUM)
    clock.now += LOOK_SECONDS
    assert first == [{"n": 2}]
    assert lake.rows(DAILY, SUM) is first


def test_a_new_commit_is_seen_at_the_next_look(lake: LiveLake, clock: Clock, write: Write) -> None:
    # seconds:   0      0+        2
    # tweets:    2    +3 = 5
    # seen:      2      2         5
    write(DAILY, [{"tweets": 2}])
    assert lake.rows(DAILY, SUM) == [{"n": 2}]
    write(DAILY, [{"tweets": 3}])
    assert lake.rows(DAILY, SUM) == [{"n": 2}]
    clock.now += LOOK_SECONDS
    assert lake.rows(DAILY, SUM) == [{"n": 5}]
    assert lake.state(DAILY).version == 1


def test_a_table_that_is_made_later_is_seen_when_it_is_there(lake: LiveLake, clock: Clock, write: Write) -> None:
    assert lake.rows(DAILY, SUM) == []
    assert not lake.state(DAILY).exists
    write(DAILY, [{"tweets": 2}])
    clock.now += LOOK_SECONDS
    assert lake.rows(DAILY, SUM) == [{"n": 2}]


def test_a_table_that_was_deleted_and_made_anew_is_read_anew(lake: LiveLake, clock: Clock, write: Write) -> None:
    write(DAILY, [{"tweets": 2}])
    assert lake.rows(DAILY, SUM) == [{"n": 2}]
    shutil.rmtree(lake.path(DAILY))
    write(DAILY, [{"tweets": 7}])
    clock.now += REOPEN_SECONDS
    assert lake.rows(DAILY, SUM) == [{"n": 7}]


def test_a_table_whose_log_is_broken_says_so_and_the_others_are_read(lake: LiveLake, write: Write) -> None:
    write(DAILY, [{"tweets": 2}])
    write(TOP, [{"domain": "a.example"}])
    (Path(lake.path(TOP)) / "_delta_log" / f"{0:020}.json").write_text("{nonsense")
    with pytest.raises(
        TableError, match=r"^the table gold\.top_10_domains cannot be read \(DeltaError: .*\): look at its folder"
    ):
        lake.rows(TOP, "select * from t")
    assert lake.rows(DAILY, SUM) == [{"n": 2}]


def test_a_table_whose_files_are_gone_says_so_in_one_line(lake: LiveLake, write: Write) -> None:
    write(TOP, [{"domain": "a.example"}])
    for file in Path(lake.path(TOP)).glob("*.parquet"):
        file.unlink()
    with pytest.raises(
        TableError, match=r"^the table gold\.top_10_domains cannot be read \(Exception: .*\): look at its folder"
    ):
        lake.rows(TOP, "select * from t")
    assert lake.state(TOP).rows == 1
