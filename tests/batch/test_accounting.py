"""Gold's figures of literal tables, without Spark; silver's are Spark's and stand among the integration tests."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from batch.accounting import gold_figures
from batch.figures import collect_gold
from batch.gold import MARTS, SILVER
from tideline.lake import open_log, table_path
from tideline.rows import append_rows
from tideline.settings import Settings

NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture
def empty(lake: Settings) -> Settings:
    """A lake in which silver and every mart are there, without rows."""
    for name in (*SILVER, *MARTS):
        append_rows(lake, name, [])
    return lake


def figures(lake: Settings) -> dict[str, Any]:
    """The figures that are not 0."""
    return {name: value for name, value in collect_gold(lake).values.items() if value != 0}


def at(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_empty_tables_have_figures_of_zero(empty: Settings) -> None:
    values = collect_gold(empty).values
    assert {type(value) for value in values.values()} == {int}
    assert values == dict.fromkeys(
        [
            *("silver_tweets", "silver_emissions", "silver_total"),
            *("tweets_per_hour", "tweets_per_day"),
            *("country_device_records", "country_device_total"),
            *("domain_format_records", "domain_format_total"),
            *("contribution_rows", "country_trends_total", "top_domains"),
            *("flagged_domains_total", "expected_top_domains", "outliers_misjudged"),
        ],
        0,
    )


@pytest.mark.parametrize(
    ("z_score", "is_outlier", "misjudged"),
    [
        (2.5, False, 1),
        (2.5, True, 0),
        (-2.000001, False, 1),
        (-2.0, False, 0),
        (2.0, True, 1),
        (None, False, 0),
        (None, True, 1),
        # No mart has these: a damaged one may. NaN is larger than any number, as in Spark.
        (NAN, True, 0),
        (-NAN, False, 1),
        (-INFINITY, True, 0),
        (INFINITY, False, 1),
        (2.5, None, 0),
    ],
)
def test_a_flag_that_contradicts_its_score_is_told(
    empty: Settings, z_score: float | None, is_outlier: bool | None, misjudged: int
) -> None:
    row = {"domain": "a", "total_emissions": Decimal(0), "z_score": z_score, "is_outlier": is_outlier}
    append_rows(empty, "gold.flagged_domains", [row])
    expected = {"expected_top_domains": 1} | ({"outliers_misjudged": misjudged} if misjudged else {})
    assert figures(empty) == expected


def test_of_more_than_ten_domains_the_ten_highest_are_expected(empty: Settings) -> None:
    append_rows(empty, "gold.flagged_domains", [{"domain": str(n), "is_outlier": False} for n in range(11)])
    append_rows(empty, "gold.top_10_domains", [{"domain": str(n)} for n in range(11)])
    assert figures(empty) == {"expected_top_domains": 10, "top_domains": 11}


def test_a_day_counts_once_and_ends_at_midnight_of_utc(empty: Settings) -> None:
    days = {
        at(1969, 12, 31, 23): (1, 1),
        at(1970, 1, 1, 0): (2, 2),
        at(2024, 3, 30, 23): (4, 4),
        at(2024, 3, 31, 0): (8, 24),
        at(2024, 3, 31, 23): (16, 24),
        None: (32, 32),
    }
    columns = ("period_hour", "tweets_per_hour", "tweets_per_day")
    rows = [dict(zip(columns, (hour, *counts), strict=True)) for hour, counts in days.items()]
    append_rows(empty, "gold.tweet_metrics", rows)
    assert figures(empty) == {"tweets_per_hour": 63, "tweets_per_day": 63}
    # An hour that names another total of its day is not hidden by one that names the right one.
    append_rows(empty, "gold.tweet_metrics", [dict(zip(columns, (at(2024, 3, 31, 1), 0, 25), strict=True))])
    assert figures(empty) == {"tweets_per_hour": 63, "tweets_per_day": 64}


def test_sums_of_the_longest_decimals_are_exact_and_nulls_add_nothing(empty: Settings) -> None:
    of_18, of_28 = Decimal("999999999999.999999"), Decimal("9999999999999999999999.999999")
    append_rows(empty, "silver.emissions", [{"totalEmissions": of_18}] * 3 + [{"totalEmissions": None}])
    daily = [{"record_count": 2**53, "sum_totalEmissions": of_28}, {"record_count": 1, "sum_totalEmissions": of_28}]
    append_rows(empty, "gold.daily_by_country_device", daily)
    append_rows(empty, "gold.daily_by_domain_format", [*daily, {"sum_totalEmissions": Decimal("0.000001")}])
    append_rows(empty, "gold.daily_country_trends", [{"total_emissions": of_28}, {"total_emissions": -of_28}])
    append_rows(empty, "gold.flagged_domains", [{"total_emissions": -of_28}] * 3)
    assert figures(empty) == {
        "silver_emissions": 4,
        "silver_total": Decimal("2999999999999.999997"),
        "country_device_records": 2**53 + 1,
        "country_device_total": Decimal("19999999999999999999999.999998"),
        "domain_format_records": 2**53 + 1,
        "domain_format_total": Decimal("19999999999999999999999.999999"),
        "flagged_domains_total": Decimal("-29999999999999999999999.999997"),
        "expected_top_domains": 3,
    }


def test_figures_are_of_the_versions_that_were_opened(empty: Settings) -> None:
    logs = {name: open_log(empty, name) for name in (*SILVER, *MARTS)}
    for name, log in logs.items():
        append_rows(empty, name, [{}])
        assert log.version() == 0
    assert set(gold_figures(logs).values()) == {0}
    assert set(collect_gold(empty).versions.values()) == {1}


def test_columns_of_other_types_are_found(empty: Settings) -> None:
    name = "gold.tweet_metrics"
    assert collect_gold(empty).found[name] == "period_hour timestamp, tweets_per_hour bigint, tweets_per_day bigint"
    other = {"period_hour": pa.timestamp("us"), "tweets_per_hour": pa.int32(), "tweets_per_day": pa.decimal128(19, 0)}
    rows = pa.schema(other.items()).empty_table()
    write_deltalake(table_path(empty, name), rows, mode="overwrite", schema_mode="overwrite")
    found = collect_gold(empty).found[name]
    assert found == "period_hour timestamp_ntz, tweets_per_hour int, tweets_per_day decimal(19,0)"
