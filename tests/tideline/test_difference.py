"""Rows compared as multisets, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tideline.difference import Difference, compare
from tideline.schemas import TABLES

KEYED, KEYLESS = TABLES["live.tweet_counts_daily"], TABLES["gold.emission_contributions"]
MONDAY, TUESDAY = date(2024, 3, 4), date(2024, 3, 5)


def counts(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    """Day, language, country, count."""
    return spark.createDataFrame(list(rows), KEYED.ddl)


def test_rows_are_missing_extra_or_different_under_their_key_and_null_is_a_value(spark: SparkSession) -> None:
    expected = counts(
        spark, (MONDAY, "en", None, 1), (MONDAY, "de", None, 2), (MONDAY, None, None, 3), (TUESDAY, "en", None, 4)
    )
    stored = counts(
        spark,
        *((MONDAY, "en", None, 1), (MONDAY, "en", None, 1), (MONDAY, None, None, 7), (MONDAY, None, "US", 3)),
        *((TUESDAY, "en", None, 4), (TUESDAY, "fr", None, 5)),
    )
    assert compare(expected, stored, KEYED) == [
        Difference(KEYED.name, MONDAY, missing=1, extra=2, different=1),
        Difference(KEYED.name, TUESDAY, missing=0, extra=1, different=0),
    ]
    assert compare(expected, expected, KEYED) == []


def test_without_a_key_a_row_is_its_own_and_each_copy_counts(spark: SparkSession) -> None:
    def rows(values: Sequence[tuple[date, str]]) -> DataFrame:
        return spark.createDataFrame([(*value, None, None, None) for value in values], KEYLESS.ddl)

    expected = rows([(MONDAY, "a"), (MONDAY, "a"), (TUESDAY, "b")])
    stored = rows([(MONDAY, "a"), (TUESDAY, "b"), (TUESDAY, "c"), (TUESDAY, "b")])
    assert compare(expected, stored, KEYLESS) == [
        Difference(KEYLESS.name, MONDAY, 1, 0, 0),
        Difference(KEYLESS.name, TUESDAY, 0, 2, 0),
    ]


def test_a_row_on_a_wrong_day_is_different_on_the_day_where_it_should_be(spark: SparkSession) -> None:
    silver = TABLES["silver.emissions"]
    blank = dict.fromkeys(silver.column_names)

    def on(day: date | None) -> DataFrame:
        return spark.createDataFrame([tuple((blank | {"event_id": "e", "date": day}).values())], silver.ddl)

    assert compare(on(MONDAY), on(TUESDAY), silver) == [Difference(silver.name, MONDAY, 0, 0, 1)]
    assert compare(on(MONDAY), on(None), silver) == [Difference(silver.name, MONDAY, 0, 0, 1)]


def test_a_mart_without_days_differs_on_none(spark: SparkSession) -> None:
    mart = TABLES["gold.avg_domain_coverage"]
    some, none = (spark.createDataFrame(rows, mart.ddl) for rows in ([("video", None)], []))
    assert compare(some, none, mart) == [Difference(mart.name, None, 1, 0, 0)]
