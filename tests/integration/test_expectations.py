import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from expectations.accounting import bronze_accounting, silver_accounting
from expectations.bronze import bronze_suite
from expectations.gold import gold_suites
from expectations.runner import Outcome, validate
from expectations.silver import silver_suite
from expectations.suite import Suite
from tests.batch.builders import emission, frame, tweet
from tideline.reasons import SOURCE_REASONS
from tideline.schemas import TABLES
from tideline.settings import Settings

pytestmark = pytest.mark.integration

WHOLE = {"format": "video", "device": "phone", "domainCoverage": "measured"}


def failed(outcomes: list[Outcome]) -> list[tuple[str, str, str, object]]:
    return [(o.severity, o.expectation, o.column, json.loads(o.observed or "null")) for o in outcomes if not o.success]


def test_sound_rows_hold_every_expectation_and_nothing_is_observed(spark: SparkSession) -> None:
    rows = [emission(0, **WHOLE), emission(1, **WHOLE)]
    outcomes = validate(frame(spark, "silver.emissions", rows), silver_suite("emissions")).outcomes
    assert failed(outcomes) == []
    assert {o.observed for o in outcomes} == {None}
    assert {o.severity for o in outcomes} == {"critical", "warning"}


def test_a_key_that_stands_twice_is_critical_and_shown(spark: SparkSession) -> None:
    rows = [tweet(0, event_id="a"), tweet(1, event_id="a"), tweet(2, event_id="b")]
    outcomes = validate(frame(spark, "silver.tweets", rows), silver_suite("tweets")).outcomes
    observed = {"element_count": 3, "missing_count": 0, "unexpected_count": 2, "examples": ["a", "a"]}
    assert failed(outcomes) == [("critical", "expect_column_values_to_be_unique", "event_id", observed)]
    assert [o.is_fatal for o in outcomes if not o.success] == [True]


def test_a_key_of_several_columns_is_unique_with_null_as_a_value(spark: SparkSession) -> None:
    suite = next(s for s in gold_suites() if s.table == "gold.daily_by_country_device")
    columns = "date date, country string, device string, record_count bigint, "
    columns += "sum_totalEmissions decimal(28,6), avg_totalEmissions decimal(28,9)"
    day, one = TABLES["gold.daily_by_country_device"].column_names, Decimal(1)
    rows = [(pd.Timestamp("2024-03-31").date(), "FR", device, 1, one, one) for device in ("phone", None, None)]
    (failure,) = failed(validate(spark.createDataFrame(rows, columns), suite).outcomes)
    assert failure[:3] == ("critical", "expect_compound_columns_to_be_unique", ", ".join(day[:3]))


def test_odd_values_are_warnings_that_stop_nothing(spark: SparkSession) -> None:
    outcomes = validate(frame(spark, "silver.emissions", [emission(0, "-3")]), silver_suite("emissions")).outcomes
    warned = {(o.severity, o.column) for o in outcomes if not o.success}
    assert ("warning", "totalEmissions") in warned
    assert ("warning", "device") in warned
    assert not any(o.is_fatal for o in outcomes)


def test_a_column_that_is_not_there_fails_and_says_so(spark: SparkSession) -> None:
    rows = frame(spark, "bronze.tweets", [tweet(0)]).drop("event_id")
    (missing,) = [f for f in failed(validate(rows, bronze_suite("tweets")).outcomes) if f[2] == "event_id"]
    assert missing[:2] == ("critical", "expect_column_values_to_not_be_null")
    assert 'The column "event_id"' in str(missing[3])


SILVER = {
    "found_schema": "a int",
    "declared_schema": "a int",
    "silver_rows": 10,
    "bronze_valid_events": 10,
    "times_in_future": 0,
    "silver_lag_minutes": 0.0,
}
BRONZE = {
    "found_schema": "a int",
    "declared_schema": "a int",
    **{str(reason): Decimal(0) for reason in SOURCE_REASONS["tweets"]},
    "quarantined_share": Decimal(0),
    "unknown_reasons": 0,
    "bronze_age_minutes": 5.0,
}


def of_figures(suite: Suite, figures: dict[str, Any]) -> list[tuple[str, str, str, object]]:
    return failed(validate(pd.DataFrame([figures], dtype=object), suite).outcomes)


def test_figures_that_agree_hold_every_expectation() -> None:
    assert of_figures(silver_accounting("tweets", Settings()), SILVER) == []
    assert of_figures(bronze_accounting("tweets", Settings()), BRONZE) == []


@pytest.mark.parametrize(
    ("found", "columns"),
    [
        ({"silver_rows": 9}, "silver_rows, bronze_valid_events"),
        ({"found_schema": "a bigint"}, "found_schema, declared_schema"),
    ],
)
def test_figures_that_disagree_are_critical_and_shown_side_by_side(found: dict[str, Any], columns: str) -> None:
    (failure,) = of_figures(silver_accounting("tweets", Settings()), SILVER | found)
    assert failure[:3] == ("critical", "expect_column_pair_values_to_be_equal", columns)
    first, second = columns.split(", ")
    assert failure[3]["examples"] == [[found[first], SILVER[second]]]  # type: ignore[index]


def test_rows_that_break_a_rule_of_several_columns_are_critical() -> None:
    (failure,) = of_figures(silver_accounting("tweets", Settings()), SILVER | {"times_in_future": 1})
    assert failure[:3] == ("critical", "expect_column_values_to_be_between", "times_in_future")


def test_silver_that_is_far_behind_bronze_is_a_warning() -> None:
    limits = Settings(silver_lag_minutes=60)
    assert of_figures(silver_accounting("tweets", limits), SILVER | {"silver_lag_minutes": 60.0}) == []
    (failure,) = of_figures(silver_accounting("tweets", limits), SILVER | {"silver_lag_minutes": 60.5})
    assert failure[0::2] == ("warning", "silver_lag_minutes")


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("quarantined_share", Decimal("0.11")),
        ("date or time is missing", Decimal("0.06")),
        ("bronze_age_minutes", 1441.0),
    ],
)
def test_much_in_quarantine_much_for_one_reason_and_old_records_are_warnings(figure: str, value: object) -> None:
    (failure,) = of_figures(bronze_accounting("tweets", Settings()), BRONZE | {figure: value})
    assert failure[0::2] == ("warning", figure)


def test_a_reason_that_nobody_declared_is_critical() -> None:
    (failure,) = of_figures(bronze_accounting("tweets", Settings()), BRONZE | {"unknown_reasons": 1})
    assert failure[0::2] == ("critical", "unknown_reasons")


def test_an_empty_bronze_is_neither_old_nor_in_quarantine() -> None:
    assert of_figures(bronze_accounting("tweets", Settings()), BRONZE | {"bronze_age_minutes": None}) == []


def test_a_suite_that_holds_takes_few_spark_jobs(spark: SparkSession) -> None:
    tracker = spark.sparkContext.statusTracker()
    rows = frame(spark, "silver.emissions", [emission(0, **WHOLE)])
    before = len(tracker.getJobIdsForGroup(None))
    outcomes = validate(rows, silver_suite("emissions")).outcomes
    assert len(outcomes) == 22
    assert len(tracker.getJobIdsForGroup(None)) - before <= 5
