"""What stops the hourly run, what does not, and what it shows: in a real Airflow. All of it at once is the demo's."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batch.clean import clean
from batch.gold import gold
from tests.batch.builders import append, tweet
from tests.integration.published import assert_published, query
from tests.integration.recount import read
from tideline.airflow_home import airflow_environment
from tideline.airflow_run import TaskEvent, task_events
from tideline.rows import append_rows
from tideline.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def lake(airflow_home: Path, tmp_path: Path) -> Settings:
    """An empty lake beside the shared Airflow; Kafka does not run."""
    return Settings(
        home=airflow_home,
        warehouse=str(tmp_path / "warehouse"),
        spark_master="local[2]",
        driver_memory="1g",
        kafka_bootstrap="127.0.0.1:1",
    )


def run(lake: Settings, *tasks: str) -> tuple[int, list[TaskEvent]]:
    """Run the DAG with these tasks for real; the others count as done. Returns the exit code and how tasks ended."""
    done = rf"(?!({'|'.join(tasks)})$).*"
    process = subprocess.run(
        [sys.executable, "-m", "airflow", "dags", "test", "lakehouse_hourly", "--mark-success-pattern", done],
        env=os.environ | airflow_environment(lake),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    events = task_events(process.stdout.splitlines())
    return process.returncode, [e for e in events if e.task_id in tasks and e.state != "running"]


def make_gold(spark: SparkSession, lake: Settings) -> None:
    append(lake, "bronze.tweets", [tweet(0), tweet(1)])
    clean(spark, lake)
    gold(spark, lake)


@pytest.mark.long
def test_without_postgresql_publish_is_skipped_and_says_why(lake: Settings) -> None:
    code, events = run(lake, "publish")
    reason = "TIDELINE_POSTGRES_URL is not set: gold stays in the lake and nothing is published"
    assert (code, events) == (0, [TaskEvent("publish", "skipped", reason)])


@pytest.mark.long
def test_a_hole_in_bronze_stops_the_run_before_anything_is_made_of_it(lake: Settings) -> None:
    append_rows(lake, "bronze.tweets", [{"topic": "tweets", "partition": 0, "offset": offset} for offset in (0, 2)])
    code, events = run(lake, "audit", "clean_data", "publish")
    assert code == 1
    assert [(e.task_id, e.state) for e in events] == [("audit", "up_for_retry"), ("audit", "failed")]
    assert events[-1].error.startswith("bronze.tweets, topic tweets, partition 0: offsets 1 have no row")
    assert set(read(lake, "ops.audit").verdict) == {"fails"}


@pytest.mark.long
def test_a_critical_expectation_that_does_not_hold_stops_the_run_before_gold_is_published(
    spark: SparkSession, lake: Settings, postgres_url: str
) -> None:
    lake = replace(lake, postgres_url=postgres_url)
    make_gold(spark, lake)
    append(lake, "silver.tweets", [tweet(0)])
    code, events = run(lake, "validate_silver", "validate_gold", "publish")
    assert (code, {e.task_id for e in events}, events[-1].state) == (1, {"validate_silver"}, "failed")
    assert "silver.tweets fails expect_column_values_to_be_unique of event_id" in events[-1].error
    assert query(lake, "select count(*) from pg_tables where schemaname = 'gold'") == [(0,)]


@pytest.mark.long
def test_an_unexplained_drift_fails_the_run_but_gold_is_published_all_the_same(
    spark: SparkSession, lake: Settings, postgres_url: str
) -> None:
    lake = replace(lake, postgres_url=postgres_url)
    make_gold(spark, lake)
    append_rows(lake, "live.tweet_counts_daily", [{"window_start": date(2020, 3, 1), "tweets": 7}])
    code, events = run(lake, "reconcile", "publish")
    assert code == 1
    assert {e.task_id: e.state for e in events} == {"reconcile": "failed", "publish": "success"}
    error = next(e.error for e in events if e.state == "failed")
    assert error.startswith("1 live count differs from gold and nothing explains it (2020-03-01 00:00: ")
    assert_published(lake)
