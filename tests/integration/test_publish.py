"""Gold in a real PostgreSQL: equal to the lake, whole at every moment, and only what changed is touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pyspark.sql import SparkSession

from batch.__main__ import main
from batch.clean import clean
from batch.gold import MARTS, gold
from batch.log import newest_version
from batch.publish import LOCK, Published, publish
from tests.batch.builders import append, emission, tweet
from tests.integration.postgres import PASSWORD
from tests.integration.published import assert_published, in_lake, in_order, query, rows_of
from tideline.errors import PublishError, TableError
from tideline.settings import Settings

pytestmark = pytest.mark.integration

DEADLINE_SECONDS = 60

ROWS = [
    emission(0, "1.5", date=date(2024, 3, 1), device="phone", format="video", domainCoverage="measured"),
    emission(1, "0.000001", date=date(2024, 3, 1), domain='quoted "a,b"\nnext.org'),
    # Of 0 there are no fractions, an empty device is not a missing one, and PostgreSQL's text cannot hold the last.
    emission(2, "0", date=date(2024, 3, 2), device="", domain="nul\0.org"),
    emission(3, "123456789012.123456", date=date(2024, 3, 3), country="Österreich 🌍", domainCoverage="modeled"),
]
TWEETS = [tweet(n, event_time=datetime(2020, 3, 1 + n, 23, 59, 59, tzinfo=UTC)) for n in range(3)]


MORE = [emission(9, "2", date=date(2024, 3, 1))]


@pytest.fixture(scope="module")
def stages(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake with gold, and the same lake some rows later: made once, copied by each test."""
    lake = Settings(home=tmp_path_factory.mktemp("stages"))
    first = tmp_path_factory.mktemp("first")
    make_gold(spark, lake, ROWS)
    shutil.copytree(lake.warehouse, first, dirs_exist_ok=True)
    make_gold(spark, lake, MORE, [])
    return first, Path(lake.warehouse)


@pytest.fixture
def lake(tmp_path: Path, postgres_url: str, stages: tuple[Path, Path]) -> Settings:
    """A lake in its first stage, beside an empty database."""
    lake = Settings(home=tmp_path, postgres_url=postgres_url)
    shutil.copytree(stages[0], lake.warehouse)
    return lake


def advance(lake: Settings, stages: tuple[Path, Path]) -> None:
    """Bring the lake to its second stage."""
    shutil.rmtree(lake.warehouse)
    shutil.copytree(stages[1], lake.warehouse)


def make_gold(spark: SparkSession, lake: Settings, emissions: list[Any], tweets: list[Any] = TWEETS) -> None:
    append(lake, "bronze.emissions", emissions)
    append(lake, "bronze.tweets", tweets)
    clean(spark, lake)
    gold(spark, lake)


def contents(lake: Settings) -> dict[str, list[tuple[Any, ...]]]:
    return {mart: in_order(rows_of(lake, mart)) for mart in MARTS}


def set_environment(monkeypatch: pytest.MonkeyPatch, lake: Settings) -> None:
    for name, value in lake.variables().items():
        monkeypatch.setenv(name, value)


def replaced(results: list[Published]) -> dict[str, str]:
    return {r.mart.removeprefix("gold."): r.replaced for r in results}


def test_every_mart_stands_in_postgresql_with_its_values_types_keys_and_comments(lake: Settings) -> None:
    publish(lake)
    assert_published(lake)
    odd = "select distinct domain from gold.daily_by_domain_format where domain like 'nul%'"
    assert query(lake, odd) == [("nul\ufffd.org",)]
    keys = query(
        lake,
        "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
        "where connamespace = 'gold'::regnamespace order by 1",
    )
    assert keys == [
        ("gold.avg_domain_coverage", "UNIQUE NULLS NOT DISTINCT (format)"),
        ("gold.daily_by_country_device", "UNIQUE NULLS NOT DISTINCT (date, country, device)"),
        ("gold.daily_by_domain_format", "UNIQUE NULLS NOT DISTINCT (date, domain, format)"),
        ("gold.daily_country_trends", "PRIMARY KEY (date, country)"),
        ("gold.flagged_domains", "PRIMARY KEY (domain)"),
        ("gold.published", "PRIMARY KEY (mart)"),
        ("gold.top_10_domains", "PRIMARY KEY (domain)"),
        ("gold.tweet_metrics", "PRIMARY KEY (period_hour)"),
    ]
    comments = (
        "select obj_description('gold.tweet_metrics'::regclass), col_description('gold.tweet_metrics'::regclass, 1)"
    )
    assert query(lake, comments) == [("Distinct tweets per hour in which there were any", "start of the hour (UTC)")]


def test_only_days_that_changed_are_replaced_and_what_stands_already_is_not_even_read(
    lake: Settings, stages: tuple[Path, Path]
) -> None:
    #   emissions  1 March   2 March   3 March        tweets  1, 2, 3 March of 2020
    #   then         + 1                              nothing
    first = replaced(publish(lake))
    assert (first["daily_country_trends"], first["tweet_metrics"]) == ("3 days", "3 days")
    assert first["top_10_domains"] == "all rows"
    assert set(replaced(publish(lake)).values()) == {"nothing, stands already"}
    writers = "select date, min(xmin::text) from gold.emission_contributions group by 1"
    before = dict(query(lake, writers))
    advance(lake, stages)
    assert replaced(publish(lake)) == {
        "tweet_metrics": "nothing, equal",
        "daily_by_country_device": "1 day",
        "daily_by_domain_format": "1 day",
        "top_10_domains": "all rows",
        "emission_contributions": "1 day",
        "daily_country_trends": "1 day",
        # One more row of an unknown format that is not measured: the share stays 0.
        "avg_domain_coverage": "nothing, equal",
        "flagged_domains": "all rows",
    }
    after = dict(query(lake, writers))
    assert {day for day in before if before[day] != after[day]} == {date(2024, 3, 1)}
    assert_published(lake)


def test_what_is_published_says_which_versions_it_comes_from(lake: Settings) -> None:
    publish(lake)
    stands = query(lake, "select mart, delta_version, bronze_version, rows from gold.published")
    assert {mart: tuple(rest) for mart, *rest in stands} == {
        mart: (newest_version(lake, mart), 1, len(in_lake(lake, mart))) for mart in MARTS
    }


def test_a_day_that_gold_does_not_have_any_more_goes(lake: Settings, stages: tuple[Path, Path]) -> None:
    publish(lake)
    with psycopg.connect(lake.postgres_url) as connection:
        connection.execute("insert into gold.daily_country_trends values ('2031-01-01', 'FR', 1)")
    advance(lake, stages)
    assert replaced(publish(lake))["daily_country_trends"] == "2 days"
    assert_published(lake)


def test_gold_of_a_lake_that_only_ever_had_one_source_is_published(
    spark: SparkSession, tmp_path: Path, postgres_url: str
) -> None:
    lake = Settings(home=tmp_path / "one", postgres_url=postgres_url)
    append(lake, "bronze.emissions", ROWS)
    clean(spark, lake)
    gold(spark, lake)
    assert {r.mart: r.rows for r in publish(lake)}["gold.tweet_metrics"] == 0
    assert_published(lake)


def test_gold_of_which_one_mart_is_older_is_not_published(lake: Settings, stages: tuple[Path, Path]) -> None:
    publish(lake)
    before = contents(lake)
    advance(lake, stages)
    shutil.rmtree(Path(lake.warehouse, "gold", "top_10_domains"))
    shutil.copytree(stages[0] / "gold" / "top_10_domains", Path(lake.warehouse, "gold", "top_10_domains"))
    with pytest.raises(TableError) as refused:
        publish(lake)
    assert str(refused.value) == (
        "gold.top_10_domains was made from version 1 of silver.emissions, but gold.daily_by_country_device from "
        "version 2: a run of gold has not ended; when none runs, run `python -m batch gold`, then again"
    )
    assert contents(lake) == before


def test_a_user_who_owns_the_schema_and_may_nothing_else_can_publish(lake: Settings) -> None:
    with psycopg.connect(lake.postgres_url) as connection:
        connection.execute("create role writer login password 'of-the-writer'; create schema gold authorization writer")
    publish(replace(lake, postgres_url=lake.postgres_url.replace(f"lake:{PASSWORD}", "writer:of-the-writer")))
    assert_published(lake)


def test_a_table_with_other_columns_is_named_and_left_alone(lake: Settings) -> None:
    with psycopg.connect(lake.postgres_url) as connection:
        connection.execute("create schema gold; create table gold.top_10_domains (domain text, total real)")
    with pytest.raises(PublishError) as refused:
        publish(lake)
    assert str(refused.value) == (
        "gold.top_10_domains in PostgreSQL has other columns than declared (total_emissions: declared numeric(28,6), "
        "found nothing; total: declared nothing, found real); drop it there, and the next run makes it anew"
    )
    assert query(lake, "select count(*) from pg_tables where schemaname = 'gold'") == [(1,)]


def publisher(lake: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "batch", "publish"],
        env=os.environ | lake.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_blocked(lake: Settings, count: int = 1) -> None:
    """Wait until so many publishers wait for a lock."""
    waiting = (
        "select count(*) from pg_stat_activity where application_name = 'tideline publish' and wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + DEADLINE_SECONDS
    while query(lake, waiting) != [(count,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_in_the_middle_nothing_is_half_and_nobody_sees_half(lake: Settings, stages: tuple[Path, Path]) -> None:
    # A lock on the last mart holds the run up when all others have been replaced already.
    publish(lake)
    before = contents(lake)
    advance(lake, stages)
    with psycopg.connect(lake.postgres_url) as other:
        other.execute("lock table gold.flagged_domains in share mode")
        run = publisher(lake)
        wait_until_blocked(lake)
        assert contents(lake) == before
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert contents(lake) == before
    publish(lake)
    assert_published(lake)


def test_of_two_at_once_the_second_waits_and_finds_nothing_to_do(lake: Settings) -> None:
    with psycopg.connect(lake.postgres_url) as other:
        other.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        runs = [publisher(lake) for _ in range(2)]
        wait_until_blocked(lake, 2)
        assert query(lake, "select to_regnamespace('gold')") == [(None,)]
    outputs = [run.communicate(timeout=DEADLINE_SECONDS)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert sorted("all rows" in output for output in outputs) == [False, True]
    assert_published(lake)


def test_no_message_holds_the_password(
    lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = replace(lake, postgres_url=lake.postgres_url.replace(PASSWORD, "hidden-word"))
    set_environment(monkeypatch, wrong)
    assert main(["publish"]) == 1
    output = "".join(capsys.readouterr())
    assert 'password authentication failed for user "lake"' in output
    assert "hidden-word" not in output
