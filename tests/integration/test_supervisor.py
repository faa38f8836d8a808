"""What keeps queries running, on small queries of real Spark that fail when told to."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.queries import Query, Trigger
from streaming.supervisor import FAILURES_BEFORE_GIVING_UP, FAILURES_BEFORE_REBUILD, drain
from tideline.errors import TidelineError

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def lines_query(spark: SparkSession, folder: Path, failures: int) -> tuple[Query, list[int]]:
    """A query that counts the lines of a folder's files, batch by batch, but fails so many times before."""
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "some.txt").write_text("one\ntwo\nthree\n")
    counted: list[int] = []
    left = [failures]

    def count(batch: DataFrame, _: int) -> None:
        left[0] -= 1
        if left[0] >= 0:
            msg = "the store is away"
            raise OSError(msg)
        counted.append(batch.count())

    def start(trigger: Trigger) -> StreamingQuery:
        lines = spark.readStream.text(str(folder / "in")).writeStream.foreachBatch(count)
        return trigger.apply(lines).option("checkpointLocation", str(folder / "checkpoint")).start()

    return Query("lines", "tweets", is_bronze=True, start=start, drop_progress=None), counted


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the pauses between a failure and the next start."""
    monkeypatch.setattr("streaming.supervisor.LONGEST_PAUSE_SECONDS", 0.0)


def test_a_query_that_failed_while_draining_goes_on_and_loses_nothing(spark: SparkSession, tmp_path: Path) -> None:
    query, counted = lines_query(spark, tmp_path, failures=1)
    said: list[str] = []
    drain([query], threading.Event(), said.append)
    assert counted == [3]
    assert [sentence for sentence in said if "OSError: the store is away; starting it again" in sentence]


def test_its_progress_is_dropped_at_the_second_failure(spark: SparkSession, tmp_path: Path) -> None:
    query, counted = lines_query(spark, tmp_path, FAILURES_BEFORE_REBUILD)
    dropped: list[str] = []
    drain([replace(query, drop_progress=lambda: dropped.append("once"))], threading.Event(), print)
    assert (counted, dropped) == ([3], ["once"])


def test_one_that_keeps_failing_ends_the_stream_by_name_when_the_others_are_stopped(
    spark: SparkSession, tmp_path: Path
) -> None:
    query, counted = lines_query(spark, tmp_path / "bad", FAILURES_BEFORE_GIVING_UP)
    other, _ = lines_query(spark, tmp_path / "good", failures=0)
    with pytest.raises(TidelineError, match="lines failed: OSError: the store is away"):
        drain([query, other], threading.Event(), print)
    assert counted == []
    assert not [q.name for q in spark.streams.active]
