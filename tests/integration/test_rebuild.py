"""Damaged days of silver and gold: a dry run names them, a rebuild mends them, the next one finds nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batch.__main__ import main
from batch.clean import Cleaned, clean
from batch.gold import gold
from batch.log import newest_version, processed_states
from batch.rebuild import rebuild
from tests.batch.builders import append, emission, tweet
from tests.integration.damage import alter, double, lose
from tests.integration.gold_recount import assert_gold
from tests.integration.recount import read
from tests.integration.test_batch import append_messy, assert_silver
from tideline.difference import Difference
from tideline.lake import table_path
from tideline.rebuild import build_order, parse_tables
from tideline.settings import Settings

pytestmark = pytest.mark.integration

MARCH = [date(2024, 3, day) for day in range(1, 5)]
"""The days of the messy emissions."""


@pytest.fixture(scope="module")
def whole(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake from bronze to gold, which nobody changes."""
    lake = Settings(home=tmp_path_factory.mktemp("whole"))
    append_messy(lake)
    clean(spark, lake)
    gold(spark, lake)
    return lake


@pytest.fixture
def full_lake(whole: Settings, lake: Settings) -> Settings:
    """A copy of it."""
    shutil.copytree(whole.warehouse, lake.warehouse)
    return lake


def rebuilt(
    spark: SparkSession, lake: Settings, days: Sequence[date], tables: str = "silver,gold", *, dry_run: bool = False
) -> list[Difference]:
    order = build_order(days[0], days[-1], parse_tables(tables), dry_run=dry_run)
    return rebuild(spark, lake, order)


def test_a_damaged_day_of_silver_is_named_by_the_dry_run_and_mended_by_the_rebuild(
    spark: SparkSession, full_lake: Settings
) -> None:
    silver, (day, other) = "silver.emissions", MARCH[1:3]
    of_day = read(full_lake, silver).query("date == @day").event_id.tolist()
    lose(full_lake, silver, f"event_id = '{of_day[0]}'")
    double(full_lake, silver, f"event_id in ('{of_day[1]}', '{of_day[2]}')")
    alter(full_lake, silver, f"event_id = '{of_day[3]}'", domain="'x.org'")
    alter(full_lake, silver, f"event_id in ('{of_day[4]}', '{of_day[5]}')", date=f"date '{other}'")
    damaged = newest_version(full_lake, silver)
    expected = [Difference(silver, day, missing=1, extra=2, different=3)]
    # Two of the day's events stand on the other day, where nobody asked for a look.
    assert rebuilt(spark, full_lake, [day], "silver", dry_run=True) == expected
    assert newest_version(full_lake, silver) == damaged
    assert rebuilt(spark, full_lake, [day], "silver") == expected
    assert newest_version(full_lake, silver) == damaged + 1
    assert_silver(full_lake, "emissions")
    assert rebuilt(spark, full_lake, MARCH, "silver") == []
    assert newest_version(full_lake, silver) == damaged + 1


def test_gold_is_rebuilt_from_the_mended_silver_and_the_dry_run_says_so_beforehand(
    spark: SparkSession, full_lake: Settings
) -> None:
    day, marts = MARCH[0], "gold.daily_country_trends,gold.flagged_domains"
    lose(full_lake, "silver.emissions", f"date = date '{day}' and domain = 'a.org'")
    gold(spark, full_lake)
    assert rebuilt(spark, full_lake, [day], marts, dry_run=True) == []
    before = rebuilt(spark, full_lake, [day], f"silver,{marts}", dry_run=True)
    assert [(d.table, d.day) for d in before] == [
        ("silver.emissions", day),
        ("gold.daily_country_trends", day),
        ("gold.flagged_domains", None),
    ]
    assert rebuilt(spark, full_lake, [day], f"silver,{marts}") == before
    assert_silver(full_lake, "emissions")
    assert_gold(full_lake)


def test_damaged_gold_is_rebuilt_and_days_that_nobody_asked_for_are_left_alone(
    spark: SparkSession, full_lake: Settings
) -> None:
    trends, contributions, hours = (
        f"gold.{mart}" for mart in ("daily_country_trends", "emission_contributions", "tweet_metrics")
    )
    lose(full_lake, trends, f"date = date '{MARCH[0]}' and country = 'FR'")
    double(full_lake, contributions, f"date = date '{MARCH[0]}' and domain = 'b.org'")
    alter(full_lake, hours, "true", tweets_per_hour="tweets_per_hour + 1")
    copies = int((read(full_lake, contributions).query("date == @MARCH[0] and domain == 'b.org'")).shape[0] / 2)
    assert copies > 0
    found = [Difference(trends, MARCH[0], 1, 0, 0), Difference(contributions, MARCH[0], 0, copies, 0)]
    assert rebuilt(spark, full_lake, MARCH[2:], "gold") == []
    assert sorted(rebuilt(spark, full_lake, MARCH, "gold"), key=lambda d: d.table) == sorted(
        found, key=lambda d: d.table
    )
    assert_gold(full_lake)
    assert rebuilt(spark, full_lake, [date(2020, 3, 1)], "gold") == []


def test_after_a_rebuild_clean_goes_on_where_it_was(spark: SparkSession, full_lake: Settings) -> None:
    append_messy(full_lake, start=400)
    state = processed_states(full_lake, "silver.tweets")[0]
    lose(full_lake, "silver.tweets", "true")
    # Bronze has moved on: silver is compared with the version that it was made from.
    found = rebuilt(spark, full_lake, [date(2020, 3, 1), date(2020, 3, 3)], "silver.tweets")
    assert {(d.extra, d.different) for d in found} == {(0, 0)}
    assert processed_states(full_lake, "silver.tweets")[0] == state
    cleaned = next(c for c in clean(spark, full_lake) if c.table == "silver.tweets")
    assert (cleaned.whole, cleaned.inserted > 0) == (False, True)
    assert_silver(full_lake, "tweets")


def test_an_event_whose_first_row_is_of_another_day_is_no_difference(spark: SparkSession, lake: Settings) -> None:
    rows = [
        emission(0, event_id="moved", date=MARCH[0]),
        emission(1, event_id="moved", date=MARCH[1]),
        emission(2, event_id="o'\\moved", date=MARCH[1]),
    ]
    append(lake, "bronze.emissions", rows)
    clean(spark, lake)
    assert rebuilt(spark, lake, [MARCH[1]], "silver.emissions") == []
    alter(lake, "silver.emissions", "event_id like '%''%'", date=f"date '{MARCH[3]}'")
    assert rebuilt(spark, lake, [MARCH[1]], "silver.emissions") == [Difference("silver.emissions", MARCH[1], 0, 0, 1)]
    assert_silver(lake, "emissions")


def test_a_lake_without_silver_and_gold_gets_them_and_a_day_without_rows_nothing(
    spark: SparkSession, lake: Settings
) -> None:
    append(lake, "bronze.tweets", [tweet(0), tweet(1, event_time=datetime(2020, 3, 2, tzinfo=UTC))])
    assert rebuilt(spark, lake, [date(1999, 1, 1)]) == []
    assert not Path(table_path(lake, "silver.tweets")).exists()
    found = rebuilt(spark, lake, [date(2020, 3, 1)])
    # Silver is written whole, gold from it: the second day has come, too.
    assert found == [
        Difference("silver.tweets", date(2020, 3, 1), 1, 0, 0),
        Difference("gold.tweet_metrics", date(2020, 3, 1), 1, 0, 0),
        Difference("gold.tweet_metrics", date(2020, 3, 2), 1, 0, 0),
    ]
    assert_silver(lake, "tweets")
    assert clean(spark, lake) == [Cleaned("silver.tweets", 1)]


def test_two_rebuilds_and_a_clean_at_once_end_in_the_same_silver(spark: SparkSession, full_lake: Settings) -> None:
    double(full_lake, "silver.emissions", "true")
    append_messy(full_lake, start=400)
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(rebuilt, spark, full_lake, MARCH, "silver.emissions") for _ in range(2)]
        jobs.append(pool.submit(clean, spark, full_lake))
        for job in jobs:
            job.result()
    clean(spark, full_lake)
    assert_silver(full_lake, "emissions")


def test_a_rebuild_that_is_killed_is_made_up_for_by_the_next_and_each_is_recorded(
    spark: SparkSession, full_lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silver = "silver.emissions"
    double(full_lake, silver, "true")
    files = set(Path(table_path(full_lake, silver)).glob("*.parquet"))
    command = [sys.executable, "-m", "batch", "rebuild", "--from", str(MARCH[0]), "--to", str(MARCH[3])]
    command += ["--tables", "silver.emissions,gold.top_10_domains"]
    run = subprocess.Popen(command, env=full_lake.environment(), start_new_session=True)
    while set(Path(table_path(full_lake, silver)).glob("*.parquet")) == files:
        assert run.poll() is None, "the rebuild ended before it could be killed"
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    for name, value in full_lake.variables().items():
        monkeypatch.setenv(name, value)
    for verdict in (
        "this would be rebuilt:",
        "this differed and was rebuilt:",
        "nothing differs from what bronze gives",
    ):
        arguments = [*command[3:], *(["--dry-run"] if "would" in verdict else [])]
        assert main(arguments) == 0
        assert verdict in capsys.readouterr().out
    assert_silver(full_lake, "emissions")
    recorded = read(full_lake, "ops.rebuilds")
    assert recorded.run_id.nunique() == 2
    assert recorded.query("table == @silver").extra.sum() > 0


def test_without_any_bronze_the_sentence_says_what_to_do(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in lake.variables().items():
        monkeypatch.setenv(name, value)
    assert main(["rebuild", "--from", "2024-03-01", "--dry-run"]) == 1
    assert capsys.readouterr().err == (
        f"error: no bronze table found under {lake.warehouse}/bronze; `tideline stream` creates them\n"
    )
