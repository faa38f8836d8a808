from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from cli.dashboard.figures import Freshness, freshness, partition_lines, total_lag
from cli.report.freshness import CommitWait
from cli.verdicts import Verdicts

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
TWEETS = Verdicts(
    rows=Counter({("tweets", 0): 3}),
    valid=Counter({("tweets", 0): 2}),
    quarantined=Counter({("tweets", 0): 1}),
    highest={("tweets", 0): 2},
)


def wait(second: int, oldest: float, table: str = "bronze.tweets") -> CommitWait:
    return CommitWait(table, second, NOON + timedelta(seconds=second), rows=1, oldest_wait=oldest, newest_wait=0.0)


def test_lag_is_what_lies_between_bronzes_highest_offset_and_kafkas_end() -> None:
    lines = partition_lines([TWEETS], {("tweets", 0): 5, ("tweets", 1): 4})
    assert [(line.partition, line.rows, line.lag) for line in lines] == [(0, 3, 2), (1, 0, 4)]
    assert total_lag(lines) == 6


def test_bronze_that_has_read_on_since_kafka_was_asked_has_no_negative_lag() -> None:
    assert [line.lag for line in partition_lines([TWEETS], {("tweets", 0): 1})] == [0]


def test_without_kafka_the_lag_is_unknown_and_not_zero() -> None:
    lines = partition_lines([TWEETS], None)
    assert [line.lag for line in lines] == [None]
    assert total_lag(lines) is None


def test_a_row_without_a_verdict_does_not_add_up() -> None:
    whole, short = Verdicts(**vars(TWEETS)), Verdicts(**vars(TWEETS) | {"rows": Counter({("tweets", 0): 4})})
    assert [partition_lines([one], None)[0].judged for one in (whole, short)] == [True, False]


def test_freshness_is_over_the_newest_commits_of_each_table() -> None:
    old = [wait(second, 900.0) for second in range(5)]
    tweets = [*old, *(wait(10 + second, 4.0) for second in range(20))]
    emissions = [wait(40, 6.0, "bronze.emissions")]
    assert freshness([tweets, emissions]) == Freshness(4.0, 6.0, NOON + timedelta(seconds=40))
    assert freshness([[], []]) is None
