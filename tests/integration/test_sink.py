"""The sink of bronze: what a batch costs, and that a repeated one is recognised, with Delta's checksum and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from streaming.app import prepare
from streaming.queries import Trigger
from tests.integration.lakes import own_lake, send
from tests.integration.recount import assert_conserved
from tests.integration.test_stream import tweets
from tideline.lake import table_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def lake(settings: Settings, tmp_path: Path) -> Settings:
    return own_lake(settings, tmp_path)


def land(spark: SparkSession, lake: Settings) -> int:
    """Land what is new in bronze; returns how many Spark jobs it took."""
    query = prepare(spark, lake, ["tweets"])[0].start(Trigger(None))
    query.awaitTermination()
    assert query.exception() is None
    return len(spark.sparkContext.statusTracker().getJobIdsForGroup(str(query.runId)))


def checksums(lake: Settings) -> list[Path]:
    return sorted(Path(table_path(lake, "bronze.tweets"), "_delta_log").glob("[0-9]*.crc"))


def test_a_batch_is_one_job_once_the_table_has_a_checksum(spark: SparkSession, lake: Settings) -> None:
    for number in range(3):
        send(lake, lake.tweets_topic, tweets(range(number * 100, number * 100 + 100)))
        jobs = land(spark, lake)
        assert (jobs == 1) is (number > 0)
    assert len(checksums(lake)) == 3


@pytest.mark.parametrize("lost", [False, True])
def test_a_batch_that_is_in_the_table_is_not_written_again(spark: SparkSession, lake: Settings, lost: bool) -> None:
    for number in range(2):
        send(lake, lake.tweets_topic, tweets(range(number * 100, number * 100 + 100)))
        land(spark, lake)
    # Killed after the commit, before the checkpoint says so: Spark repeats the batch.
    Path(lake.checkpoints, "bronze.tweets", "commits", "1").unlink()
    for file in checksums(lake) if lost else []:
        file.unlink()
    # The table is opened anew, as by another process: what is in memory has the checksum still.
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]
    land(spark, lake)
    assert_conserved(lake, "tweets", 200)
    send(lake, lake.tweets_topic, tweets(range(200, 300)))
    land(spark, lake)
    assert_conserved(lake, "tweets", 300)
