from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake.exceptions import CommitFailedError
from pyspark.sql import SparkSession

from batch import small
from batch.silver import comes_first
from tests.batch.builders import RECEIVED, emission, tweet
from tideline.creation import create_tables
from tideline.errors import TableError
from tideline.lake import open_log, table_path
from tideline.rows import append_rows, arrow_schema
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
    monkeypatch.setattr(small, "FEW_BYTES", 100)
    assert not small.is_small(open_log(lake, "bronze.tweets", 0))


@pytest.mark.parametrize(("few", "generates"), [(True, "false"), (False, "true")])
def test_for_few_rows_a_session_generates_no_code_and_the_one_it_came_from_goes_on(
    spark: SparkSession, few: bool, generates: str
) -> None:
    session = small.session_for(spark, few=few)
    assert session.conf.get("spark.sql.codegen.wholeStage") == generates
    assert spark.conf.get("spark.sql.codegen.wholeStage") == "true"


SILVER = "silver.emissions"


def silver(*rows: dict[str, Any]) -> pa.Table:
    columns = TABLES[SILVER].column_names
    return pa.Table.from_pylist([{c: row.get(c) for c in columns} for row in rows], arrow_schema(TABLES[SILVER]))


def test_rows_come_back_from_a_frame_as_they_were_given_and_many_are_cut_for_several_tasks(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = small.session_for(spark, few=True)
    given = silver(*(emission(n, "999999999999.999999", device=None, event_id=f"é{n}") for n in range(20)))
    assert small.frame(session, SILVER, given)._jdf.rdd().getNumPartitions() == 1
    monkeypatch.setattr(small, "TASK_BYTES", given.nbytes // 3)
    frame = small.frame(session, SILVER, given)
    assert frame._jdf.rdd().getNumPartitions() == 4
    assert small.collect(frame, SILVER).equals(given)


def test_a_table_whose_file_is_gone_is_named_with_what_to_do(spark: SparkSession, lake: Settings) -> None:
    append_rows(lake, SILVER, [emission(0)])
    (file,) = Path(table_path(lake, SILVER)).glob("*.parquet")
    file.unlink()
    with pytest.raises(TableError, match=rf"^{SILVER} cannot be read at version 0: .*{file.name}.*; restore it from a"):
        small.read_few(spark, lake, SILVER)


def test_the_rows_of_some_versions_are_those_that_they_added(lake: Settings) -> None:
    for offset in range(4):
        append_rows(lake, "bronze.emissions", [emission(offset)])
    log = open_log(lake, "bronze.emissions")
    rows = small.rows_between(log, 1, 2, ["offset", "reasons"]).sort_by("offset")
    assert rows.to_pydict() == {"offset": [1, 2], "reasons": [[], []]}
    with pytest.raises(TableError, match="its versions 7 to 7 cannot be read"):
        small.rows_between(log, 7, 7, ["offset"])
    for file in Path(table_path(lake, "bronze.emissions")).glob("*.parquet"):
        file.unlink()
    with pytest.raises(TableError, match="its versions 1 to 2 cannot be read"):
        small.rows_between(log, 1, 2, ["offset"])


def test_merged_rows_are_inserted_by_event_and_take_the_place_of_later_ones_only(lake: Settings) -> None:
    stored = [emission(5, event_id=f"e{n}", kafka_timestamp=RECEIVED, partition=1) for n in range(6)]
    create_tables(lake, SILVER)
    small.replace_rows(lake, SILVER, silver(*stored), "stored")

    def again(number: int, **fields: Any) -> dict[str, Any]:
        return stored[number] | {"country": "DE"} | fields

    merged = small.merge_rows(
        lake,
        SILVER,
        silver(
            again(0, kafka_timestamp=RECEIVED - timedelta(seconds=1), partition=2, offset=9),
            again(1, kafka_timestamp=RECEIVED + timedelta(seconds=1), partition=0, offset=1),
            again(2, partition=0, offset=9),
            again(3, offset=4),
            again(4),
            emission(9, event_id="new"),
        ),
        comes_first("new", "stored"),
        "said",
    )
    assert merged == (1, 3)
    table = open_log(lake, SILVER)
    rows = {row["event_id"]: row for row in table.to_pyarrow_table().to_pylist()}
    assert {event for event, row in rows.items() if row["country"] == "DE"} == {"e0", "e2", "e3"}
    assert sorted(rows) == ["e0", "e1", "e2", "e3", "e4", "e5", "new"]
    assert table.history(1)[0]["userMetadata"] == "said"
    assert small.merge_rows(lake, SILVER, silver(), comes_first("new", "stored"), "unsaid") == (0, 0)
    assert open_log(lake, SILVER).version() == table.version()


def test_of_two_who_replace_an_empty_table_the_second_is_refused(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_tables(lake, SILVER)
    empty = open_log(lake, SILVER)
    small.replace_rows(lake, SILVER, silver(emission(0)), "first")
    monkeypatch.setattr(small, "open_log", lambda *_: empty)
    for replace in (
        lambda rows: small.replace_rows(lake, SILVER, rows, "second"),
        lambda rows: small.merge_rows(lake, SILVER, rows, comes_first("new", "stored"), "second"),
    ):
        with pytest.raises(CommitFailedError):
            replace(silver(emission(0)))
    assert open_log(lake, SILVER).count() == 1
