from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cli.dashboard.charts import arrivals, busiest_fortnight, newest_fortnight, received
from cli.report.freshness import CommitWait

TEN = datetime(2024, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def hour(start: datetime, tweets: int) -> dict[str, Any]:
    return {"period_hour": start, "tweets_per_hour": tweets}


def wait(table: str, second: int, rows: int) -> CommitWait:
    return CommitWait(table, second, TEN + timedelta(seconds=second), rows, oldest_wait=1.0, newest_wait=0.0)


def test_of_years_of_hours_the_newest_or_the_busiest_fortnight_is_shown() -> None:
    old, busy, new = hour(TEN - 900 * DAY, 1), hour(TEN - 100 * DAY, 50), hour(TEN, 2)
    rows = [old, hour(TEN - 106 * DAY, 3), busy, hour(TEN - 13 * DAY, 4), new]
    assert newest_fortnight(rows) == rows[3:]
    assert busiest_fortnight(rows) == rows[1:3]
    assert newest_fortnight([]) == busiest_fortnight([]) == []


def test_each_bronze_table_has_a_line_of_its_commits() -> None:
    chart = arrivals([wait("bronze.tweets", 0, 7), wait("bronze.tweets", 5, 9), wait("bronze.emissions", 5, 1)])
    assert [(trace.name, list(trace.y)) for trace in chart.data] == [
        ("bronze.tweets", [7, 9]),
        ("bronze.emissions", [1]),
    ]


def test_a_single_moment_is_shown_within_minutes_and_not_within_milliseconds() -> None:
    assert arrivals([wait("bronze.tweets", 0, 7)]).layout.xaxis.range == (
        TEN - timedelta(minutes=5),
        TEN + timedelta(minutes=5),
    )
    half = timedelta(minutes=30)
    assert received([{"hour": TEN, "rows": 3}]).layout.xaxis.range == (TEN + half - DAY / 2, TEN + half + DAY / 2)
    assert received([{"hour": TEN, "rows": 3}, {"hour": TEN + DAY, "rows": 3}]).layout.xaxis.range is None
