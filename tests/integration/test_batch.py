"""Silver, gold, validation and compaction on real Delta tables: whatever arrives, dies, or runs at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from delta.tables import DeltaTable
from deltalake import DeltaTable as DeltaLog
from pyspark.sql import SparkSession

from batch import small
from batch.__main__ import main
from batch.clean import Cleaned, clean
from batch.compact import compact
from batch.gold import gold
from batch.log import newest_version
from tests.batch.builders import append, emission, tweet
from tests.integration.gold_recount import assert_gold
from tests.integration.recount import first_events, read
from tideline.lake import table_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration

DEADLINE_SECONDS = 180


@pytest.fixture(params=["few rows", "many rows"])
def either_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a lake holds, it is written as a small one is, and as a large one."""
    if request.param == "many rows":
        monkeypatch.setattr(small, "FEW_ROWS", -1)


FEW_AND_LONG_MANY = pytest.mark.parametrize(
    "either_size", ["few rows", pytest.param("many rows", marks=pytest.mark.long)], indirect=True
)
"""For tests of which the way of many rows is a long one."""


def assert_silver(lake: Settings, source: str) -> None:
    """Silver holds each event once, by the row that an independent reader of bronze finds."""
    columns = ["event_id", "partition", "offset"]
    expected = first_events(read(lake, f"bronze.{source}"))[columns]
    found = read(lake, f"silver.{source}")[columns]
    assert sorted(map(tuple, found.values)) == sorted(map(tuple, expected.values))


def messy_tweets(start: int, count: int, seed: int) -> list[dict[str, Any]]:
    """Tweets of a few days with resends and rejected rows."""
    random = Random(seed)
    return [
        tweet(
            offset,
            event_id=f"t{random.randrange(count)}",
            event_time=datetime(2020, 3, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(200_000)),
            reasons=["broken"] if random.random() < 0.1 else [],
        )
        for offset in range(start, start + count)
    ]


def messy_emissions(start: int, count: int, seed: int) -> list[dict[str, Any]]:
    """Emissions with nulls, zeros, negatives and resends."""
    random = Random(seed)
    rows = []
    for offset in range(start, start + count):
        parts = [Decimal(random.randrange(-10, 5_000_000)).scaleb(-6) for _ in range(3)]
        total = Decimal(0) if random.random() < 0.05 else sum(parts, Decimal(0))
        rows.append(
            emission(
                offset,
                event_id=f"e{random.randrange(count)}",
                date=date(2024, 3, 1 + random.randrange(4)),
                domain=f"{random.choice('abcdefghijklm')}.org",
                country=random.choice(["FR", "DE"]),
                device=random.choice(["phone", "desktop", None]),
                format=random.choice(["video", None]),
                domainCoverage=random.choice(["measured", "modeled", None]),
                adSelectionEmissions=parts[0],
                creativeDistributionEmissions=parts[1],
                mediaDistributionEmissions=parts[2],
                totalEmissions=total,
                reasons=["broken"] if random.random() < 0.05 else [],
            )
        )
    return rows


def append_messy(lake: Settings, start: int = 0, count: int = 400) -> None:
    append(lake, "bronze.tweets", messy_tweets(start, count, seed=start))
    append(lake, "bronze.emissions", messy_emissions(start, count, seed=start))


def only(results: list[Cleaned], table: str) -> Cleaned:
    return next(result for result in results if result.table == table)


def test_a_second_clean_commits_nothing(spark: SparkSession, lake: Settings) -> None:
    append_messy(lake)
    clean(spark, lake)
    version = newest_version(lake, "silver.tweets")
    assert only(clean(spark, lake), "silver.tweets") == Cleaned("silver.tweets", 1)
    assert newest_version(lake, "silver.tweets") == version
    assert_silver(lake, "tweets")
    assert_silver(lake, "emissions")


@FEW_AND_LONG_MANY
@pytest.mark.usefixtures("either_size")
def test_a_clean_reads_only_what_is_new_also_after_both_tables_were_compacted(
    spark: SparkSession, lake: Settings
) -> None:
    for start in (0, 400):
        append_messy(lake, start)
    clean(spark, lake)
    for name in ("bronze.tweets", "silver.tweets"):
        DeltaTable.forPath(spark, table_path(lake, name)).optimize().executeCompaction()
    append(lake, "bronze.tweets", [tweet(900, event_id="new"), tweet(901, event_id="new")])
    assert only(clean(spark, lake), "silver.tweets") == Cleaned("silver.tweets", 4, inserted=1)
    assert_silver(lake, "tweets")


@pytest.mark.usefixtures("either_size")
def test_an_events_row_is_the_earliest_whatever_the_order_of_arrival(spark: SparkSession, lake: Settings) -> None:
    # bronze versions:  1: offset 5   2: offset 3 (earlier, replaces)   3: offset 8 (a resend, nothing changes)
    found = []
    for offset in (5, 3, 8):
        append(lake, "bronze.tweets", [tweet(offset, event_id="a", lang=f"at {offset}")])
        (cleaned,) = clean(spark, lake)
        (row,) = read(lake, "silver.tweets").to_dict("records")
        found.append((cleaned.inserted, cleaned.updated, row["lang"]))
    assert found == [(1, 0, "at 5"), (0, 1, "at 3"), (0, 0, "at 3")]


@FEW_AND_LONG_MANY
@pytest.mark.usefixtures("either_size")
def test_bronze_versions_that_cannot_be_read_any_more_are_made_up_for_by_all_of_bronze(
    spark: SparkSession, lake: Settings
) -> None:
    append(lake, "bronze.tweets", [tweet(0)])
    clean(spark, lake)
    append(lake, "bronze.tweets", [tweet(1)])
    append(lake, "bronze.tweets", [tweet(2)])
    DeltaLog(table_path(lake, "bronze.tweets")).create_checkpoint()
    for name in ("00000000000000000002.json", "00000000000000000000.json", "00000000000000000001.json"):
        (Path(table_path(lake, "bronze.tweets")) / "_delta_log" / name).unlink()
    (cleaned,) = clean(spark, lake)
    assert cleaned == Cleaned("silver.tweets", 3, inserted=3, whole=True)
    assert_silver(lake, "tweets")


@FEW_AND_LONG_MANY
@pytest.mark.usefixtures("either_size")
def test_a_file_of_a_bronze_version_that_is_gone_is_made_up_for_by_all_of_bronze(
    spark: SparkSession, lake: Settings
) -> None:
    append(lake, "bronze.tweets", [tweet(0)])
    clean(spark, lake)
    append(lake, "bronze.tweets", [tweet(1)])
    log = DeltaLog(table_path(lake, "bronze.tweets"))
    replaced = Path(
        table_path(lake, "bronze.tweets"),
        *pa.table(log.get_add_actions()).sort_by("modification_time")["path"].to_pylist()[-1:],
    )
    log.optimize.compact()
    replaced.unlink()
    (cleaned,) = clean(spark, lake)
    assert (cleaned.whole, cleaned.inserted) == (True, 2)
    assert_silver(lake, "tweets")


def test_another_bronze_in_the_same_place_gives_another_silver(spark: SparkSession, lake: Settings) -> None:
    append(lake, "bronze.tweets", [tweet(0), tweet(1)])
    clean(spark, lake)
    bronze = Path(table_path(lake, "bronze.tweets"))
    bronze.rename(bronze.with_name("old"))
    append(lake, "bronze.tweets", [tweet(7)])
    (cleaned,) = clean(spark, lake)
    assert cleaned == Cleaned("silver.tweets", 1, inserted=1, whole=True)
    assert_silver(lake, "tweets")


@FEW_AND_LONG_MANY
@pytest.mark.usefixtures("either_size")
def test_two_cleans_at_once_end_in_the_same_silver(spark: SparkSession, lake: Settings) -> None:
    for start in (0, 400):
        append_messy(lake, start)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: clean(spark, lake), range(2)))
        assert_silver(lake, "tweets")
        assert_silver(lake, "emissions")


@pytest.mark.usefixtures("either_size")
def test_gold_equals_an_independent_recount_of_bronze(spark: SparkSession, lake: Settings) -> None:
    for start in (0, 400):
        append_messy(lake, start)
        clean(spark, lake)
    gold(spark, lake)
    assert_gold(lake)


@FEW_AND_LONG_MANY
@pytest.mark.usefixtures("either_size")
def test_two_golds_at_once_end_in_the_same_gold(spark: SparkSession, lake: Settings) -> None:
    append_messy(lake)
    clean(spark, lake)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: gold(spark, lake), range(2)))
    assert_gold(lake)


def test_without_any_bronze_the_exit_code_is_1_and_the_sentence_says_what_to_do(
    lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spark: SparkSession
) -> None:
    set_environment(monkeypatch, lake)
    assert main(["clean"]) == 1
    sentence = f"error: no bronze table found under {lake.warehouse}/bronze; `tideline stream` creates them\n"
    assert capsys.readouterr().err == sentence


def test_a_planted_double_fails_the_validation_by_name_and_is_recorded(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(monkeypatch, lake)
    append(lake, "bronze.tweets", [tweet(0), tweet(1)])
    assert main(["clean", "gold", "validate"]) == 0
    append(lake, "silver.tweets", [tweet(0)])
    assert main(["validate_silver"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: silver.tweets fails expect_column_values_to_be_unique of event_id: {")
    assert '"examples": ["event-0", "event-0"]' in error
    assert "silver.tweets fails expect_column_pair_values_to_be_equal of silver_rows, bronze_valid_events" in error
    recorded = read(lake, "ops.validations")
    failures = recorded[~recorded.success & (recorded.severity == "critical")]
    assert sorted(failures.expectation) == [
        "expect_column_pair_values_to_be_equal",
        "expect_column_values_to_be_unique",
    ]
    assert set(failures.table) == {"silver.tweets"}


def test_gold_that_is_older_than_silver_fails_the_validation(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(monkeypatch, lake)
    append(lake, "bronze.tweets", [tweet(0)])
    clean(spark, lake)
    gold(spark, lake)
    append(lake, "bronze.tweets", [tweet(1)])
    clean(spark, lake)
    assert main(["validate_gold"]) == 1
    assert "gold.tweet_metrics fails expect_column_pair_values_to_be_equal" in capsys.readouterr().err


def test_compaction_rewrites_what_has_many_small_files_once_and_changes_no_row(
    spark: SparkSession, lake: Settings
) -> None:
    for offset in range(10):
        append(lake, "bronze.tweets", [tweet(offset)])
    append(lake, "bronze.emissions", [emission(0)])
    first, again = compact(spark, lake), compact(spark, lake)
    assert [(c.table, c.files, c.files_after) for c in first] == [("bronze.tweets", 10, 1), ("bronze.emissions", 1, 1)]
    assert [(c.files, c.files_after) for c in again] == [(1, 1), (1, 1)]
    assert sorted(read(lake, "bronze.tweets").offset) == list(range(10))


def has_data_without_commit(lake: Settings) -> bool:
    silver = Path(table_path(lake, "silver.tweets"))
    return any(silver.glob("*.parquet")) and not (silver / "_delta_log" / "00000000000000000001.json").exists()


def has_silver_without_gold(lake: Settings) -> bool:
    silver = Path(lake.warehouse, "silver").glob("*/_delta_log/00000000000000000001.json")
    return any(silver) and not Path(lake.warehouse, "gold").exists()


def has_half_of_gold(lake: Settings) -> bool:
    return sum(1 for _ in Path(lake.warehouse, "gold").glob("*/_delta_log/00000000000000000001.json")) in range(1, 7)


def test_a_table_whose_creator_was_killed_before_the_first_commit_is_created(
    spark: SparkSession, lake: Settings
) -> None:
    append(lake, "bronze.tweets", [tweet(0)])
    log = Path(table_path(lake, "silver.tweets")) / "_delta_log"
    log.mkdir(parents=True)
    (log / ".00000000000000000000.json.tmp").write_text("half a com")
    clean(spark, lake)
    assert_silver(lake, "tweets")


@pytest.mark.parametrize(
    ("moment", "tweets"),
    [
        (has_silver_without_gold, 400),
        # So many that Spark writes them, which leaves time between the data and their commit.
        pytest.param(has_data_without_commit, small.FEW_ROWS, marks=pytest.mark.long),
        pytest.param(has_half_of_gold, 400, marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_killed_is_made_up_for_by_the_next(
    spark: SparkSession, lake: Settings, moment: Callable[[Settings], bool], tweets: int
) -> None:
    append_messy(lake)
    append(lake, "bronze.tweets", messy_tweets(400, tweets, seed=1))
    run = application(lake, "clean", "gold")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not moment(lake):
        assert run.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    clean(spark, lake)
    gold(spark, lake)
    assert_silver(lake, "tweets")
    assert_gold(lake)


@pytest.mark.long
def test_two_applications_at_once_end_in_the_same_tables(lake: Settings) -> None:
    append_messy(lake)
    runs = [application(lake, "clean", "gold") for _ in range(2)]
    assert [run.wait(DEADLINE_SECONDS) for run in runs] == [0, 0]
    assert_silver(lake, "emissions")
    assert_gold(lake)


def application(lake: Settings, *steps: str) -> subprocess.Popen[bytes]:
    """A batch application as a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "batch", *steps], env=os.environ | lake.variables(), start_new_session=True
    )


def set_environment(monkeypatch: pytest.MonkeyPatch, lake: Settings) -> None:
    for name, value in lake.variables().items():
        monkeypatch.setenv(name, value)
