"""Draining: a backlog of JSON tweets from Kafka to bronze, by a JVM that has just started and by one that is warm.

Run as a module it is the process that drains: ``python -m bench.drain PASSES BROKER_PID``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

import psutil
from pyspark.sql import SparkSession

from bench.meter import Cost, Meter, own_cpu_seconds
from bench.result import Figure
from producers.replay import Options, replay_tweets
from producers.source import generated_source
from producers.synthetic import SyntheticTweets
from streaming.queries import Trigger, bronze_query
from tideline.broker import broker_status
from tideline.creation import create_tables
from tideline.lake import open_log
from tideline.session import build_session
from tideline.settings import Settings, load_settings
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
        figures.append(
            Figure(
                "drain",
                f"{name}: CPU",
                (found["cpu_seconds"] + found["server_cpu_seconds"]["broker"]) / rows * 1e6,
                "CPU-s per million",
            )
        )
        figures.append(Figure("drain", f"{name}: memory", found["peak_bytes"] / 2**20, "MiB at most"))
    return figures


def drain_once(spark: SparkSession, lake: Settings, servers: Mapping[str, int]) -> dict[str, Any]:
    """Drain the topic into the lake's bronze table; rows, commits, and what it cost this process and the servers.

    Args:
        spark: a session of this process.
        lake: where the table lies; its topic is the tweets'.
        servers: process ids by name; their CPU is told apart, as ``server_cpu_seconds``.
    """
    with ExitStack() as stack:
        meters = {name: stack.enter_context(Meter([pid])) for name, pid in servers.items()}
        with Meter([os.getpid()]) as meter:
            create_tables(lake, "bronze.tweets")
            query = bronze_query(spark, lake, "tweets").start(Trigger(None))
            query.awaitTermination()
    log = open_log(lake, "bronze.tweets")
    servers_cpu = {name: each.cost.cpu_seconds for name, each in meters.items()}
    return asdict(meter.cost) | {"rows": log.count(), "commits": log.version(), "server_cpu_seconds": servers_cpu}


def main() -> None:
    """Drain the topic several times into tables of their own; one JSON line per pass."""
    passes, broker = int(sys.argv[1]), int(sys.argv[2])
    settings = load_settings()
    own = psutil.Process()
    start = Cost(time.time() - own.create_time(), own_cpu_seconds(), 0)
    with Meter([own.pid]) as starting:
        spark = build_session(settings, "tideline-bench")
    for number in range(passes):
        lake = replace(settings, warehouse=f"{settings.home}/bench/drain-{own.pid}-{number}", checkpoints="")
        found = drain_once(spark, lake, {"broker": broker})
        if number == 0:
            found["seconds"] += start.seconds + starting.cost.seconds
            found["cpu_seconds"] += start.cpu_seconds + starting.cost.cpu_seconds
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    spark.stop()


if __name__ == "__main__":
    main()
