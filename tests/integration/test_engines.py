"""Small tables are judged in this process and others by Spark: of the same damaged tables both say the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import write_deltalake
from pyspark.sql import DataFrame, SparkSession

from batch import checks, small
from batch.clean import clean
from batch.gold import MARTS
from batch.validate import validate_layers
from expectations.runner import validate
from tests.batch.builders import RECEIVED, append, emission, tweet
from tests.batch.test_questions import append_silver, no_session
from tests.integration.damage import double
from tests.integration.recount import read
from tideline.lake import open_log, table_path
from tideline.reasons import Reason
from tideline.rows import append_rows
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.sources import SOURCES

pytestmark = pytest.mark.integration

MISSING = str(Reason.TIME_MISSING)

DAMAGED: dict[str, set[tuple[str, str]]] = {
    "bronze.tweets": {
        ("column_values_to_be_between", MISSING),
        ("column_values_to_be_between", "offset"),
        ("column_values_to_be_between", "quarantined_share"),
        ("column_values_to_be_between", "rule_version"),
        ("column_values_to_be_between", "unknown_reasons"),
        ("column_values_to_not_be_null", "event_id"),
        ("column_values_to_not_be_null", "kafka_timestamp"),
        ("column_values_to_not_be_null", "partition"),
        ("column_values_to_not_be_null", "reasons"),
        ("column_values_to_not_be_null", "topic"),
        ("compound_columns_to_be_unique", "topic, partition, offset"),
    },
    "silver.emissions": {
        ("column_pair_values_to_be_equal", "found_schema, declared_schema"),
        ("column_pair_values_to_be_equal", "silver_rows, bronze_valid_events"),
        ("column_values_to_be_between", "mediaDistributionEmissions"),
        ("column_values_to_be_between", "sum_mismatches"),
        ("column_values_to_be_in_set", "domainCoverage"),
        ("column_values_to_not_be_null", "date"),
        ("column_values_to_not_be_null", "device"),
        ("column_values_to_not_be_null", "domain"),
        ("column_values_to_not_be_null", "domainCoverage"),
        ("column_values_to_not_be_null", "format"),
        ("column_values_to_not_be_null", "totalEmissions"),
        ("table_columns_to_match_ordered_list", ", ".join(TABLES["silver.emissions"].column_names)),
    },
    "silver.tweets": {
        ("column_pair_values_to_be_equal", "silver_rows, bronze_valid_events"),
        ("column_values_to_be_between", "times_in_future"),
        ("column_values_to_be_between", "tweet_id"),
        ("column_values_to_be_unique", "event_id"),
        ("column_values_to_not_be_null", "topic"),
    },
}
"""The expectations that ``damage`` breaks."""


def damage(lake: Settings) -> None:
    """Break every kind of expectation in bronze and silver at least once."""
    odd: list[dict[str, Any]] = [
        tweet(3, reasons=[MISSING, "it rains", MISSING]),
        tweet(4, partition=None, rule_version=9) | {"offset": -1},
        tweet(5, event_id=None, reasons=None, kafka_timestamp=None),
        tweet(6, topic=None, event_id="event-0"),
        tweet(6, topic=None, event_id="event-7"),
    ]
    append_rows(lake, "bronze.tweets", odd)
    double(lake, "bronze.tweets", '"offset" = 0')
    append_silver(lake, "tweets", tweet(8, tweet_id=0, event_time=RECEIVED + timedelta(hours=1)), tweet(9, topic=None))
    double(lake, "silver.tweets", '"offset" = 1')
    numbers = {"domainCoverage": "guessed", "mediaDistributionEmissions": Decimal("-2.5"), "format": None}
    append_silver(lake, "emissions", emission(8, **numbers), emission(9, date=None, domain=None, totalEmissions=None))
    # One column too many, and another one gone.
    rows = open_log(lake, "silver.emissions").to_pyarrow_table()
    other = rows.drop_columns(["device"]).append_column("surplus", rows["country"])
    write_deltalake(table_path(lake, "silver.emissions"), other, mode="overwrite", schema_mode="overwrite")


def test_damaged_bronze_and_silver_are_judged_recorded_and_shown_alike(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(lake, "bronze.tweets", [tweet(n, tweet_id=n + 1) for n in range(3)])
    append(lake, "bronze.emissions", [emission(n) for n in range(3)])
    clean(spark, lake)
    damage(lake)

    def judged(few_rows: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What is recorded, and what Data Docs are made from."""
        monkeypatch.setattr(small, "FEW_ROWS", few_rows)
        validated = validate_layers(lambda: spark if few_rows < 0 else no_session(), lake, "validate_silver")
        rows = read(lake, "ops.validations")
        # The run, and what is told from the clock.
        rows = rows[(rows.run_id == validated.run_id) & (rows.column != "bronze_age_minutes")]
        recorded = rows.drop(columns=["run_id", "validated_at"]).to_dict("records")
        (run,) = Path(lake.warehouse, "_docs", "_results").glob(f"*{validated.run_id[:8]}.json")
        shown = [one for suite in json.loads(run.read_bytes())["results"] for one in suite["results"]]
        return [row | {"observed": in_order(json.loads(row["observed"] or "{}"))} for row in recorded], [
            in_order(one["result"]) | {"asked": one["expectation_config"], "success": one["success"]}
            for one in shown
            if "bronze_age_minutes" not in str(one)
        ]

    (recorded, shown), (recorded_by_spark, shown_by_spark) = judged(100), judged(-1)
    assert recorded == recorded_by_spark
    assert shown == shown_by_spark
    failed: dict[str, set[tuple[str, str]]] = {}
    for row in recorded:
        if not row["success"]:
            failed.setdefault(row["table"], set()).add((row["expectation"].removeprefix("expect_"), row["column"]))
    assert failed == DAMAGED


def in_order(observed: dict[str, Any]) -> dict[str, Any]:
    """What was observed, its examples in an order of their own: that of rows is nobody's promise."""
    return {key: sorted(value, key=str) if isinstance(value, list) else value for key, value in observed.items()}


@pytest.mark.long
def test_a_mart_of_many_rows_is_judged_by_spark_as_one_of_few_is_without_it(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = [(RECEIVED, 1, 1), (RECEIVED, 2, 1), (None, 0, 3), (RECEIVED + timedelta(hours=1), 1, None)]
    sums = (Decimal("9999999999999999999999.999999"), Decimal(1))
    devices = [(RECEIVED.date(), "FR", *row) for row in ((None, 1, *sums), (None, 0, *sums), ("tv", None, None, None))]
    odd: dict[str, Sequence[tuple[object, ...]]]
    odd = {"gold.tweet_metrics": hours, "gold.daily_by_country_device": devices}
    for name in MARTS:
        columns = TABLES[name].column_names
        append_rows(lake, name, [dict(zip(columns, row, strict=True)) for row in odd.get(name, [])])

    def failures(few_rows: int, kind: type) -> list[tuple[str, str, str]]:
        monkeypatch.setattr(small, "FEW_ROWS", few_rows)
        of_odd = [c for c in checks.layer_checks(lambda: spark, lake, "gold", SOURCES) if c.suite.table in odd]
        assert [(isinstance(check.frame, kind), check.version) for check in of_odd] == [(True, 0)] * 2
        outcomes = [outcome for check in of_odd for outcome in validate(check.frame, check.suite).outcomes]
        # Spark names no zone.
        return [(o.expectation, o.column, o.observed.replace("+00:00", "")) for o in outcomes if o.observed]

    without = failures(4, pd.DataFrame)
    assert [f"{expectation[7:]} {columns}" for expectation, columns, _ in without] == [
        "column_values_to_be_unique period_hour",
        "column_values_to_not_be_null period_hour",
        "column_values_to_not_be_null tweets_per_day",
        "column_values_to_be_between tweets_per_hour",
        "column_pair_values_a_to_be_greater_than_b tweets_per_day, tweets_per_hour",
        "compound_columns_to_be_unique date, country, device",
        "column_values_to_not_be_null record_count",
        "column_values_to_not_be_null sum_totalEmissions",
        "column_values_to_not_be_null avg_totalEmissions",
        "column_values_to_be_between record_count",
    ]
    assert failures(0, DataFrame) == without
