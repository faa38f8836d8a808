"""Damaged live tables: mended by the stream that runs, which goes on counting, or by the rebuild where none runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from streaming.rebuild import rebuild
from streaming.requests import Requests
from tests.integration.damage import alter, double, lose
from tests.integration.lakes import own_lake, send, start_stream, stream_now
from tests.integration.recount import assert_conserved, assert_live_counts, read
from tests.integration.test_stream import emissions, tweets
from tideline.difference import Difference
from tideline.lake import was_created
from tideline.rebuild import build_order, parse_tables
from tideline.settings import Settings

pytestmark = pytest.mark.integration

FIRST, LAST = date(2020, 3, 1), date(2024, 3, 31)
HOURLY, DAILY = "live.tweet_counts_hourly", "live.tweet_counts_daily"


def rebuilt(spark: SparkSession, lake: Settings, *, dry_run: bool = False, tables: str = "live") -> list[Difference]:
    order = build_order(FIRST, LAST, parse_tables(tables), dry_run=dry_run)
    return rebuild(spark, lake, order, lambda _: None)


def by_table(found: list[Difference]) -> dict[str, tuple[int, int, int]]:
    """Rows missing, extra, different, over all days."""
    tables = sorted({d.table for d in found})
    of_table = {name: [d for d in found if d.table == name] for name in tables}
    return {
        name: (sum(d.missing for d in ds), sum(d.extra for d in ds), sum(d.different for d in ds))
        for name, ds in of_table.items()
    }


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.long
def test_a_running_stream_rebuilds_what_was_damaged_and_goes_on_counting(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path, trigger_seconds=0.5)
    send(lake, lake.tweets_topic, tweets(range(600)))
    send(lake, lake.emissions_topic, emissions(range(300)))
    stream = start_stream(lake)
    for table in (HOURLY, DAILY):
        wait_for(lambda table=table: was_created(lake, table) and read(lake, table).tweets.sum() == 600)  # type: ignore[misc]
    wait_for(lambda: was_created(lake, "live.anomalies") and len(read(lake, "live.anomalies")) == 3)
    hours = len(read(lake, HOURLY))
    alter(lake, HOURLY, "true", tweets="tweets + 1")
    lose(lake, DAILY, "window_start = date '2020-03-02'")
    lost = len(splits_of_day(lake))
    double(lake, "live.anomalies", "event_id = 'run:99'")
    expected = {HOURLY: (0, 0, hours), DAILY: (lost, 0, 0), "live.anomalies": (0, 1, 0)}
    assert by_table(rebuilt(spark, lake, dry_run=True)) == expected

    # Beside the rebuild records keep coming, old ones and new ones.
    with sending(lake, 600) as sent:
        found = by_table(rebuilt(spark, lake))
    assert found == expected
    send(lake, lake.tweets_topic, tweets(range(sent[0], sent[0] + 100)))
    stream_ends(stream)
    stream_now(spark, lake, "tweets", "emissions")
    assert_conserved(lake, "emissions", 300)
    assert_live_counts(lake, "tweets")
    assert_live_counts(lake, "emissions")
    assert sorted(read(lake, "live.anomalies").event_id) == ["run:199", "run:299", "run:99"]


def splits_of_day(lake: Settings) -> set[tuple[object, object]]:
    """What the live daily counts of 2 March are split by, from bronze."""
    bronze = read(lake, "bronze.tweets")
    day = bronze[bronze.event_time.dt.strftime("%Y-%m-%d") == "2020-03-02"]
    return set(zip(day.lang.fillna(""), day.country_code.fillna(""), strict=True))


@contextmanager
def sending(lake: Settings, first: int) -> Iterator[list[int]]:
    """Records keep coming beside the block, old ones and new ones; gives the number of the next new one."""
    stop, sent = threading.Event(), [first]
    with ThreadPoolExecutor(1) as pool:
        sender = pool.submit(keep_sending, lake, stop, sent)
        try:
            yield sent
        finally:
            stop.set()
        sender.result()


def keep_sending(lake: Settings, stop: threading.Event, sent: list[int]) -> None:
    while not stop.wait(0.5):
        send(lake, lake.tweets_topic, tweets(range(sent[0] - 5, sent[0] + 20)))
        sent[0] += 20


def stream_ends(stream: subprocess.Popen[str]) -> None:
    """On SIGTERM, and it has met no failure."""
    stream.send_signal(signal.SIGTERM)
    _, said = stream.communicate(timeout=90)
    assert (stream.returncode, "failed" in said) == (0, False), said


@pytest.mark.long
def test_without_a_stream_two_rebuilds_at_once_mend_the_tables_and_the_next_stream_goes_on(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path)
    send(lake, lake.tweets_topic, tweets(range(400)))
    stream_now(spark, lake, "tweets")
    alter(lake, DAILY, "true", tweets="7")
    double(lake, HOURLY, "true")
    rows = len(read(lake, DAILY))
    assert rebuilt(spark, lake, dry_run=True, tables="live.tweet_counts_daily") != []
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(rebuilt, spark.newSession(), lake) for _ in range(2)]
        found = [by_table(run.result()) for run in runs]
    assert {DAILY: (0, 0, rows), HOURLY: (0, len(read(lake, HOURLY)), 0)} in found
    assert_live_counts(lake, "tweets")
    assert rebuilt(spark, lake) == []
    send(lake, lake.tweets_topic, tweets(range(300, 500)))
    stream_now(spark, lake, "tweets")
    assert_live_counts(lake, "tweets")
    assert Requests(lake).pending("live.tweets_counts") is None


@pytest.mark.long
def test_a_rebuild_that_is_killed_is_made_up_for_by_the_next(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path)
    send(lake, lake.tweets_topic, tweets(range(400)))
    stream_now(spark, lake, "tweets")
    alter(lake, HOURLY, "true", tweets="7")
    progress = Path(lake.checkpoints, "live.tweets_counts", "metadata")
    before = progress.read_text()
    command = [sys.executable, "-m", "streaming", "rebuild", "--from", str(FIRST), "--to", str(LAST), "--tables=live"]
    run = subprocess.Popen(command, env=lake.environment(), stderr=subprocess.PIPE, text=True)
    # The old progress is gone, and the new query has begun.
    wait_for(lambda: run.poll() is not None or (progress.exists() and progress.read_text() != before))
    run.kill()
    assert run.wait() == -signal.SIGKILL
    assert Requests(lake).pending("live.tweets_counts") is not None
    rebuilt(spark, lake)
    assert_live_counts(lake, "tweets")
    assert rebuilt(spark, lake) == []


def test_an_empty_lake_has_nothing_to_rebuild(spark: SparkSession, lake: Settings) -> None:
    assert rebuilt(spark, lake) == []
