"""Freshness: how long after Kafka received a record it is in bronze, and in the live counts, under a steady load.

An independent reader answers: the Delta logs' own files and their times, Parquet by pyarrow, no Spark.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from deltalake import DeltaTable

from bench.meter import Meter
from bench.result import Figure
from tideline.lake import table_path
from tideline.settings import Settings
from tideline.topics import create_topics

TWEETS_PER_SECOND = 400
EMISSIONS_PER_SECOND = 100
WARM_UP_SECONDS = 120
"""From the start of the processes. On two cores it takes more than a minute until the first batches of all queries are
done and the JVM has compiled what they run, and what has waited for them is caught up with."""

COLUMNS = ["partition", "offset", "kafka_timestamp", "event_id", "reasons"]


def measure(settings: Settings, seconds: int) -> list[Figure]:
    """Run the stream under load, leave out the warm-up, and say how late what came after it was seen."""
    settings = replace(
        settings, tweets_topic="bench-fresh-t", emissions_topic="bench-fresh-e", warehouse="", checkpoints=""
    )
    settings = replace(settings, home=settings.home / "fresh")
    create_topics(settings)
    environment = settings.environment()
    stream = subprocess.Popen([sys.executable, "-m", "streaming"], env=environment)
    load = [
        subprocess.Popen(
            _producer(kind, rate, (WARM_UP_SECONDS + seconds) * rate), env=environment, stderr=subprocess.PIPE
        )
        for kind, rate in (("tweets", TWEETS_PER_SECOND), ("emissions", EMISSIONS_PER_SECOND))
    ]
    try:
        time.sleep(WARM_UP_SECONDS)
        begin = pd.Timestamp.now("UTC")
        with Meter([stream.pid]) as meter:
            for process in load:
                process.communicate()
        end = pd.Timestamp.now("UTC")
        time.sleep(5 * settings.trigger_seconds)
        with Meter([stream.pid]) as idle:
            time.sleep(20)
    finally:
        stream.terminate()
        stream.wait(90)
    figures = [
        Figure("freshness", "stream under load", meter.cost.cpu_seconds / meter.cost.seconds, "cores"),
        Figure("freshness", "stream idle", idle.cost.cpu_seconds / idle.cost.seconds, "cores"),
        Figure("freshness", "stream memory", meter.cost.peak_bytes / 2**20, "MiB at most"),
    ]
    seen = visible_after(settings, "tweets", "live.tweet_counts_hourly")
    seen = seen[(seen.kafka_timestamp > begin) & (seen.kafka_timestamp <= end)]
    for where in ("bronze", "live"):
        for share in (0.5, 0.95, 0.99, 1.0):
            name = f"tweets in {where}: {'maximum' if share == 1 else f'p{share * 100:.0f}'}"
            figures.append(Figure("freshness", name, float(seen[where].quantile(share)), "s after Kafka"))
    return figures


def visible_after(settings: Settings, source: str, live: str) -> pd.DataFrame:
    """For each distinct valid event the seconds from Kafka's time to its commit, and to the live counts that have it.

    A live count is a sum over whole bronze versions: a version is visible in the first live version whose sum reaches
    the number of events up to it.
    """
    rows = visible_rows(Path(table_path(settings, f"bronze.{source}")), COLUMNS)
    rows = rows[rows.reasons.str.len() == 0].sort_values(["version", "kafka_timestamp", "partition", "offset"])
    rows = rows.drop_duplicates("event_id")
    up_to = rows.groupby("version").size().cumsum()
    rows["bronze"] = (rows.committed - rows.kafka_timestamp).dt.total_seconds()
    sums = _live_sums(table_path(settings, live))
    seen_at = up_to.map(lambda count: sums[sums["sum"] >= count].committed.min())
    rows["live"] = (rows.version.map(seen_at) - rows.kafka_timestamp).dt.total_seconds()
    return rows


def visible_rows(table: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of a table that is only appended to, each with the ``version`` that brought it and when: ``committed``.

    Args:
        table: its folder.
        columns: what to read; ``kafka_timestamp`` is among them, and comes as UTC whoever wrote it.
    """
    frames = []
    for commit in sorted((table / "_delta_log").glob("[0-9]*.json")):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for added in (action["add"] for action in actions if "add" in action):
            frame = pq.read_table(table / added["path"], columns=list(columns)).to_pandas()
            frames.append(frame.assign(version=int(commit.stem), committed=_written_at(commit)))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(kafka_timestamp=pd.to_datetime(rows.kafka_timestamp, utc=True))


def _live_sums(path: str) -> pd.DataFrame:
    found = []
    for version in range(DeltaTable(path).version() + 1):
        count = DeltaTable(path, version=version).to_pandas(columns=["tweets"]).tweets.sum()
        found.append((count, _written_at(Path(path, "_delta_log", f"{version:020}.json"))))
    return pd.DataFrame(found, columns=["sum", "committed"])


def _written_at(file: Path) -> pd.Timestamp:
    return pd.Timestamp(file.stat().st_mtime, unit="s", tz="UTC")


def _producer(kind: str, rate: int, count: int) -> list[str]:
    amount = ["--synthetic", str(count)] if kind == "tweets" else ["--rows", str(count)]
    return [sys.executable, "-m", "producers", kind, *amount, "--rate", str(rate)]
