"""The stateful counts on literal bronze rows: partitions that drain at different speeds, and copies in one batch."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from streaming.queries import Trigger, anomalies_query, counts_query
from tests.batch.builders import append
from tests.integration.recount import assert_live_counts, read
from tideline.creation import create_tables
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.sources import ANOMALIES_QUERY, COUNTS_QUERIES, LIVE_QUERIES

pytestmark = pytest.mark.integration

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIVE = LIVE_QUERIES[COUNTS_QUERIES["emissions"]].tables


def row(event_id: str, partition: int, offset: int, received: datetime, **fields: Any) -> dict[str, Any]:
    """A valid bronze row; what counting does not look at is null."""
    return dict.fromkeys(TABLES["bronze.emissions"].column_names) | {
        "topic": "emissions",
        "partition": partition,
        "offset": offset,
        "kafka_timestamp": received,
        "event_id": event_id,
        "date": date(2025, 12, 31),
        "country": "FR",
        "reasons": [],
        **fields,
    }


def measured(number: int, offset: int) -> dict[str, Any]:
    """A row of one of two domains, whose values rise from row to row; every fiftieth is far above its domain."""
    part = Decimal(10 + number) / 10 * (1000 if number % 50 == 49 else 1)
    names = ("adSelectionEmissions", "creativeDistributionEmissions", "mediaDistributionEmissions")
    numbers = dict.fromkeys(names, part) | {"totalEmissions": 3 * part}
    received = NOON + timedelta(seconds=offset)
    return row(f"e{number}", 0, offset, received, domain=f"domain-{number % 2}.org", **numbers)


def count(spark: SparkSession, lake: Settings) -> int:
    """Count what is new; returns how many rows the watermark dropped."""
    query = counts_query(spark, lake, "emissions").start(Trigger(None))
    query.awaitTermination()
    assert query.exception() is None
    return sum(o["numRowsDroppedByWatermark"] for p in query.recentProgress for o in p["stateOperators"])


def test_partitions_hours_apart_lose_no_row_and_resends_within_the_horizon_are_recognised(
    spark: SparkSession, lake: Settings
) -> None:
    #  Kafka time  02:00              12:00
    #  partition 0                    a0 a1 …   a0 again (13:00)
    #  partition 1 b0 (02:00) …       b0 again (03:00): late behind a single watermark at 12:00 - 2 h
    create_tables(lake, "bronze.emissions", *LIVE)
    dropped = 0
    for step in range(2):
        append(lake, "bronze.emissions", [row(f"a{step}", 0, step, NOON + step * HOUR / 2)])
        dropped += count(spark, lake)
        append(lake, "bronze.emissions", [row(f"b{step}", 1, step, NOON - 10 * HOUR + step * HOUR / 2)])
        dropped += count(spark, lake)
    append(lake, "bronze.emissions", [row("a0", 0, 2, NOON + HOUR), row("b0", 1, 2, NOON - 9 * HOUR)])
    dropped += count(spark, lake)
    assert dropped == 0
    assert_live_counts(lake, "emissions")
    assert read(lake, "live.emission_counts_daily").emissions.sum() == 4


def test_of_copies_in_one_batch_the_first_that_kafka_received_counts(spark: SparkSession, lake: Settings) -> None:
    # Each event arrives at 12:59 and again at 13:01, in versions that the batch reads as files in any order.
    create_tables(lake, "bronze.emissions", *LIVE)
    append(lake, "bronze.emissions", [row("before", 0, 0, NOON)])
    count(spark, lake)
    early, late = NOON + timedelta(minutes=59), NOON + timedelta(minutes=61)
    for version in range(4):
        received = early if version == 0 else late + timedelta(seconds=version)
        copies = range(200 if version == 0 else 100 * (version + 1))
        append(lake, "bronze.emissions", [row(f"e{n % 200}", 0, 1 + version * 1000 + n, received) for n in copies])
    count(spark, lake)
    assert_live_counts(lake, "emissions")
    hourly = read(lake, "live.emission_counts_hourly")
    assert hourly[hourly.window_start.dt.hour == 13].empty


def test_flags_are_the_same_however_the_rows_are_cut(spark: SparkSession, lake: Settings) -> None:
    create_tables(lake, "bronze.emissions", *LIVE_QUERIES[ANOMALIES_QUERY].tables)
    numbers = [*range(120), *range(30)]
    for piece in (range(55), range(55, 150)):
        append(lake, "bronze.emissions", [measured(numbers[offset], offset) for offset in piece])
        judge(spark, lake)
    in_pieces = flags(lake)
    shutil.rmtree(lake.checkpoints)
    judge(spark, lake)
    assert flags(lake) == in_pieces
    assert [(flag["event_id"], flag["rule"]) for flag in in_pieces] == [
        ("e49", "extreme for its domain"),
        ("e99", "extreme for its domain"),
    ]


def judge(spark: SparkSession, lake: Settings) -> None:
    """Flag what is new."""
    query = anomalies_query(spark, lake).start(Trigger(None))
    query.awaitTermination()
    assert query.exception() is None


def flags(lake: Settings) -> list[dict[str, Any]]:
    return list(read(lake, "live.anomalies").sort_values(["rule", "event_id"]).to_dict("records"))


def test_a_changed_plan_computes_the_tables_anew_and_says_why(spark: SparkSession, lake: Settings) -> None:
    create_tables(lake, "bronze.emissions", *LIVE)
    append(lake, "bronze.emissions", [row(f"e{n}", 0, n, NOON) for n in range(10)])
    without, said = replace(lake, emission_dimensions=()), list[str]()
    for settings in (lake, lake, without):
        query = counts_query(spark, settings, "emissions", said.append).start(Trigger(None))
        query.awaitTermination()
        assert query.exception() is None
    daily = read(lake, "live.emission_counts_daily")
    assert (daily.country.isna().all(), daily.emissions.tolist()) == (True, [10])
    was = list(lake.emission_dimensions)
    assert said == [
        f"live.emissions_counts: its checkpoint was made by another plan (dimensions {was}, now []); "
        "its tables are computed anew from bronze"
    ]


def test_a_deleted_live_table_is_computed_anew_though_its_checkpoint_stands(
    spark: SparkSession, lake: Settings
) -> None:
    create_tables(lake, "bronze.emissions", *LIVE)
    append(lake, "bronze.emissions", [row(f"e{n}", 0, n, NOON) for n in range(10)])
    count(spark, lake)
    shutil.rmtree(table_path(lake, LIVE[0]))
    create_tables(lake, "bronze.emissions", *LIVE)
    append(lake, "bronze.emissions", [row("later", 0, 10, NOON + 5 * HOUR)])
    count(spark, lake)
    assert_live_counts(lake, "emissions")
