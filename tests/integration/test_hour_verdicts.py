"""Hours that stand out, judged by the stream itself: when they close, when late rows come, and by a rebuild."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pyspark.sql import SparkSession

from streaming.queries import Trigger, counts_query
from streaming.rebuild import rebuild
from tests.batch.builders import append
from tests.integration.damage import alter, double, lose
from tests.integration.recount import assert_live_counts, read
from tideline.checkpoints import drop_checkpoint
from tideline.creation import create_tables
from tideline.rebuild import build_order, parse_tables
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.storage import open_storage

pytestmark = pytest.mark.integration

MONDAY = datetime(2020, 3, 2, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
VERDICTS, ARRIVALS = "live.tweet_hour_verdicts", "live.tweet_arrivals"
LIVE = ("live.tweet_counts_hourly", "live.tweet_counts_daily", VERDICTS, ARRIVALS)
USUAL = 20

Row = dict[str, Any]


def hour_of_tweets(start: datetime, count: int, first: int, received: datetime | None = None) -> list[Row]:
    """Valid bronze rows of one hour, which Kafka received as they were written, or later."""
    return [
        dict.fromkeys(TABLES["bronze.tweets"].column_names)
        | {
            "topic": "tweets",
            "partition": n % 2,
            "offset": n,
            "kafka_timestamp": (received or start) + timedelta(seconds=n % 3600),
            "event_id": f"e{n}",
            "event_time": start + timedelta(seconds=n % 3600),
            "lang": ("en", None)[n % 3 == 0],
            "reasons": [],
        }
        for n in range(first, first + count)
    ]


def weeks_of_tweets(weeks: int, special: dict[tuple[int, int], int]) -> list[list[Row]]:
    """Twelve hours of each week's Monday, hour by hour; ``special`` are other counts by week and hour."""
    hours, first = [], 0
    for week, hour in ((week, hour) for week in range(weeks) for hour in range(12)):
        count = special.get((week, hour), USUAL + (week + hour) % 3)
        hours.append(hour_of_tweets(MONDAY + week * WEEK + hour * HOUR, count, first))
        first += count
    return hours


def received_in_turn(rows: Iterable[Row], first: int) -> list[Row]:
    """The rows as Kafka receives them now, one after the other, however old they are."""
    begin = MONDAY + 10 * WEEK
    return [
        row | {"offset": n, "kafka_timestamp": begin + timedelta(seconds=n)} for n, row in enumerate(rows, start=first)
    ]


def count(spark: SparkSession, lake: Settings) -> None:
    query = counts_query(spark, lake, "tweets").start(Trigger(None))
    query.awaitTermination()
    assert query.exception() is None


def flagged(lake: Settings) -> list[Row]:
    """What stands, but for the column that only the table itself can know."""
    rows = read(lake, VERDICTS).query("state == 'flagged'").drop(columns="first_seen")
    return list(rows.sort_values("id").to_dict("records"))


def of_source(lake: Settings, state: str) -> list[tuple[str, datetime, float]]:
    rows = read(lake, VERDICTS).query("state == @state and entity == 'tweets'").sort_values("window_start")
    return [(r.rule, r.window_start.to_pydatetime(), r.value) for r in rows.itertuples()]


@pytest.fixture
def tweets(lake: Settings) -> Settings:
    create_tables(lake, "bronze.tweets", *LIVE)
    return lake


def test_a_burst_is_flagged_when_its_hour_closes_and_withdrawn_when_late_rows_explain_a_drop(
    spark: SparkSession, tweets: Settings
) -> None:
    burst, drop = MONDAY + 5 * WEEK + 3 * HOUR, MONDAY + 5 * WEEK + 7 * HOUR
    hours = weeks_of_tweets(6, {(5, 3): 90, (5, 7): 0})
    until_burst = 5 * 12 + 4
    append(tweets, "bronze.tweets", [row for rows in hours[:until_burst] for row in rows])
    count(spark, tweets)
    # The burst's hour is open: more may come.
    assert flagged(tweets) == []
    append(tweets, "bronze.tweets", hours[until_burst][:1])
    count(spark, tweets)
    assert of_source(tweets, "flagged") == [("unusual count", burst, 90)]
    append(
        tweets, "bronze.tweets", [row for rows in [hours[until_burst][1:], *hours[until_burst + 1 :]] for row in rows]
    )
    count(spark, tweets)
    # Of 21 usual ones none came: too few to stand out by themselves.
    assert of_source(tweets, "flagged") == [("unusual count", burst, 90)]
    before = {r["id"]: r for r in flagged(tweets)}
    late = hour_of_tweets(burst - 7 * 24 * HOUR, 200, 50_000, received=drop + 30 * HOUR)
    append(tweets, "bronze.tweets", late)
    count(spark, tweets)
    # That hour is one of the burst's earlier weeks, but a median does not move: judged again, it still holds.
    assert ("unusual count", burst, 90) in of_source(tweets, "flagged")
    again = {r["id"]: r for r in flagged(tweets)}
    assert {again[i]["last_judged"] > before[i]["last_judged"] for i in before} == {True}
    assert (burst - WEEK, 220 + 1) in {(when, value) for _, when, value in of_source(tweets, "flagged")}
    assert_live_counts(tweets, "tweets")


def test_shuffled_late_and_repeated_rows_give_the_flags_of_a_rebuild_which_mends_what_was_damaged(
    spark: SparkSession, tweets: Settings
) -> None:
    rows = [row for hours in weeks_of_tweets(7, {(4, 5): 100, (5, 3): 90, (6, 7): 0}) for row in hours]
    rows += [
        row | {"reasons": ["broken"], "event_time": None, "event_id": f"bad{n}"} for n, row in enumerate(rows[:40])
    ]
    random.Random(1).shuffle(rows)
    sent = 0
    for start, end in pairwise([0, 300, 1200, len(rows)]):
        part = [*rows[start:end], *rows[: start // 2]]
        append(tweets, "bronze.tweets", received_in_turn(part, sent))
        sent += len(part)
        count(spark, tweets)
    in_pieces, arrived = flagged(tweets), read(tweets, ARRIVALS)
    assert {r["window_start"].to_pydatetime() - MONDAY for r in in_pieces if r["entity"] == "tweets"} == {
        4 * WEEK + 5 * HOUR,
        5 * WEEK + 3 * HOUR,
    }
    assert arrived[arrived.clock == "kafka"].quarantined.sum() >= 40
    order = build_order(MONDAY.date(), date(2020, 6, 1), parse_tables(f"{VERDICTS},{ARRIVALS}"), dry_run=True)
    assert rebuild(spark, tweets, order, lambda _: None) == []

    withdrawn = set(read(tweets, VERDICTS).query("state == 'withdrawn'").id)
    lose(tweets, VERDICTS, f"id = '{in_pieces[0]['id']}'")
    alter(tweets, VERDICTS, f"id = '{in_pieces[1]['id']}'", score="0.0")
    double(tweets, VERDICTS, f"id = '{in_pieces[-1]['id']}'")
    lose(tweets, ARRIVALS, "records > 100")
    order = build_order(MONDAY.date(), date(2020, 6, 1), parse_tables(VERDICTS), dry_run=False)
    assert sum(d.missing + d.extra + d.different for d in rebuild(spark, tweets, order, lambda _: None)) == 3
    assert flagged(tweets) == in_pieces
    assert set(read(tweets, VERDICTS).query("state == 'withdrawn'").id) == withdrawn
    assert read(tweets, ARRIVALS).sort_values(["clock", "window_start"]).to_dict("records") == arrived.sort_values(
        ["clock", "window_start"]
    ).to_dict("records")


def test_other_thresholds_judge_anew_and_a_lost_checkpoint_gives_the_same(
    spark: SparkSession, tweets: Settings
) -> None:
    append(tweets, "bronze.tweets", [row for rows in weeks_of_tweets(6, {(5, 3): 90}) for row in rows])
    count(spark, tweets)
    first = flagged(tweets)
    assert len(first) > 0
    drop_checkpoint(open_storage(tweets, tweets.checkpoints), "live.tweets_counts")
    count(spark, tweets)
    assert flagged(tweets) == first
    count(spark, Settings(home=tweets.home, verdict_score=50.0))
    assert flagged(tweets) == []
    assert len(read(tweets, VERDICTS).query("state == 'withdrawn'")) == len(first)
