"""Draining: a backlog of JSON tweets from Kafka to bronze, by a JVM that has just started and by one that is warm.

Run as a module it is the process that drains: ``python -m bench.drain PASSES BROKER_PID``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, replace

import psutil

from bench.meter import Meter
from bench.result import Figure
from producers.replay import Options, replay_tweets
from producers.source import generated_source
from producers.synthetic import SyntheticTweets
from streaming.queries import Trigger, bronze_query
from tideline.broker import broker_status
from tideline.session import build_session
from tideline.settings import Settings, load_settings
from tideline.tables import create_tables, latest_version, read_table
from tideline.topics import create_topics

PASSES = 4


def measure(settings: Settings, records: int) -> list[Figure]:
    """Produce the backlog, drain it several times, and compare the first pass, start included, with the last."""
    settings = replace(settings, tweets_topic="bench-drain", driver_memory="2g")
    create_topics(settings)
    run = SyntheticTweets(records, 2)
    source = generated_source(run.planted.run, run.chunks)
    replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=settings.tweets_topic, options=Options())
    broker = broker_status(settings).pid
    command = [sys.executable, "-m", "bench.drain", str(PASSES), str(broker)]
    done = subprocess.run(command, env=settings.environment(), check=True, stdout=subprocess.PIPE, text=True)
    passes = [json.loads(line) for line in done.stdout.splitlines()]
    figures = []
    for name, found in (("cold", passes[0]), ("warm", passes[-1])):
        rows = found["rows"]
        figures.append(Figure("drain", f"{name}: rate", rows / found["seconds"], "rows/s"))
        figures.append(Figure("drain", f"{name}: CPU", found["cpu_seconds"] / rows * 1e6, "CPU-s per million"))
        figures.append(Figure("drain", f"{name}: memory", found["peak_bytes"] / 2**20, "MiB at most"))
    return figures


def main() -> None:
    """Drain the topic several times into tables of their own; one JSON line per pass."""
    passes, broker = int(sys.argv[1]), int(sys.argv[2])
    settings = load_settings()
    own = psutil.Process()
    start_seconds = time.time() - own.create_time()
    for number in range(passes):
        lake = replace(settings, warehouse=f"{settings.home}/bench/drain-{own.pid}-{number}", checkpoints="")
        with Meter([own.pid, broker]) as meter:
            spark = build_session(lake, "tideline-bench")
            create_tables(spark, lake, "bronze.tweets")
            query = bronze_query(spark, lake, "tweets").start(Trigger(None))
            query.awaitTermination()
        rows = read_table(spark, lake, "bronze.tweets").count()
        commits = latest_version(spark, lake, "bronze.tweets")
        found = asdict(meter.cost) | {"rows": rows, "commits": commits}
        if number == 0:
            found["seconds"] += start_seconds
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    spark.stop()


if __name__ == "__main__":
    main()
