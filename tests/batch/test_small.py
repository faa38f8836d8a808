from decimal import Decimal

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from batch import small
from tests.batch.builders import RECEIVED, emission, tweet
from tideline.lake import open_log
from tideline.rows import append_rows
from tideline.schemas import TABLES
from tideline.settings import Settings

BIG = 2**53 + 1
"""No double holds it."""


def test_columns_that_are_asked_for_are_exact_and_the_others_are_there_but_null(lake: Settings) -> None:
    exact, least = {"totalEmissions": Decimal("999999999999.999999")}, {"totalEmissions": None, "kafka_timestamp": None}
    rows = [emission(0) | exact | {"offset": BIG, "value": b"raw"}, emission(1) | least | {"offset": None}]
    append_rows(lake, "bronze.emissions", rows)
    read = small.read_small(open_log(lake, "bronze.emissions"), {"offset", "kafka_timestamp", "totalEmissions"})
    assert list(read.columns) == TABLES["bronze.emissions"].column_names
    assert list(read.offset) == [BIG, None]
    assert [type(value) for value in read.offset] == [int, type(None)]
    assert list(read.totalEmissions) == [exact["totalEmissions"], None]
    assert read.kafka_timestamp[0] == RECEIVED
    assert pd.isna(read.kafka_timestamp[1])
    assert read.value.isna().all()


@pytest.mark.parametrize(("few_rows", "expected"), [(1, [True, False]), (2, [True, False]), (3, [True, True])])
def test_a_table_is_small_up_to_the_bound_at_the_version_that_is_open(
    lake: Settings, monkeypatch: pytest.MonkeyPatch, few_rows: int, expected: list[bool]
) -> None:
    monkeypatch.setattr(small, "FEW_ROWS", few_rows)
    append_rows(lake, "bronze.tweets", [tweet(0)])
    append_rows(lake, "bronze.tweets", [tweet(1), tweet(2)])
    assert [small.is_small(open_log(lake, "bronze.tweets", version)) for version in (0, 1)] == expected


@pytest.mark.parametrize(("few_rows", "generates"), [(2, "false"), (1, "true")])
def test_for_small_tables_only_spark_generates_no_code_and_the_session_it_came_from_goes_on(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch, few_rows: int, generates: str
) -> None:
    monkeypatch.setattr(small, "FEW_ROWS", few_rows)
    append_rows(lake, "silver.tweets", [{"event_id": "a"}, {"event_id": "b"}])
    append_rows(lake, "silver.emissions", [{"event_id": "a"}])
    tables = [open_log(lake, name) for name in ("silver.tweets", "silver.emissions")]
    session = small.session_for(spark, tables)
    assert session.conf.get("spark.sql.codegen.wholeStage") == generates
    assert spark.conf.get("spark.sql.codegen.wholeStage") == "true"
