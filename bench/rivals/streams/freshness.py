"""Freshness: from Kafka's time of a record to the commit that shows it, under an open-loop load.

Run as a module it is one run: ``python -m bench.rivals.streams.freshness CONTENDER FOLDER RATE SECONDS``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import linear_regression
from typing import Any

import pandas as pd

from bench.broker import own_broker
from bench.freshness import visible_rows
from bench.meter import Meter
from bench.rivals.contest import Contender, Scale, Section, figure
from bench.rivals.streams.engines import NAIVE, NATIVE, OURS, Engine
from bench.rivals.streams.landing import running
from bench.rivals.streams.topics import own_topic
from tideline.settings import Settings, load_settings

MOST_WARM_UP_SECONDS = 60
QUIET_SECONDS = 30
"""How long the engine may take to land what came last."""


@dataclass(frozen=True)
class Way:
    """An engine, how it runs, and its trigger in seconds where it is ours."""

    name: str
    engine: Engine
    mode: str
    note: str
    trigger_seconds: float = Settings.trigger_seconds


WAYS = (
    Way("ours, as shipped", OURS, "stream", "the whole stream, live counts included, a batch every 5 s"),
    Way("ours, every 2 s", OURS, "stream", "the whole stream, live counts included, a batch every 2 s", 2.0),
    Way("ours, bronze alone", OURS, "forever", "what the others do, a batch every second", 1.0),
    Way("native loop", NATIVE, "forever", NATIVE.note),
    Way("naive PySpark", NAIVE, "forever", f"{NAIVE.note}; the next batch when one is done"),
)
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[list[Section]]:
    """A broker, and for each rate everyone under it."""
    with own_broker(settings) as own:
        yield [_at(rate, scale.seconds, own) for rate in scale.rates]


def warm_up(seconds: int) -> int:
    """How long an engine is under load before it is measured; a short trial has a short one."""
    return min(MOST_WARM_UP_SECONDS, seconds)


def _at(rate: int, seconds: int, settings: Settings) -> Section:
    return Section(
        f"freshness at {rate}/s",
        f"{rate:,} records/s for {seconds} s after {warm_up(seconds)} s of warm-up: seconds from Kafka's time of a "
        "record to its commit, by the table's files",
        [Contender(way.name, way.note, partial(_command, way, rate, seconds)) for way in WAYS],
        measures=[
            *(figure(name, "s") for name in SHARES),
            figure("slope", "s per s"),
            figure("cores", "of the engine"),
            figure("missing", "records"),
        ],
        environment=settings.environment(),
        limit_seconds=seconds + 600,
    )


def _command(way: Way, rate: int, seconds: int, folder: Path) -> list[str]:
    return [sys.executable, "-m", "bench.rivals.streams.freshness", way.name, str(folder), str(rate), str(seconds)]


def main() -> None:
    """One run; the last line is its figures."""
    way = next(way for way in WAYS if way.name == sys.argv[1])
    folder, rate, seconds = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    settings = own_topic(replace(load_settings(), trigger_seconds=way.trigger_seconds), folder.name)
    count = (warm_up(seconds) + seconds) * rate
    load = [sys.executable, "-m", "producers", "tweets", "--synthetic", str(count), "--rate", str(rate)]
    with running(way.engine, folder, settings, way.mode) as engine:
        producer = subprocess.Popen(load, env=settings.environment(), stderr=subprocess.DEVNULL)
        time.sleep(warm_up(seconds))
        begin = pd.Timestamp.now("UTC")
        with Meter([engine.pid]) as meter:
            producer.wait()
        time.sleep(QUIET_SECONDS)
    rows = visible_rows(way.engine.table_in(folder), ["kafka_timestamp"])
    found = lateness(rows[rows.kafka_timestamp > begin])
    cores = meter.cost.cpu_seconds / meter.cost.seconds
    said = found | {"rows": len(rows), "cores": cores, "missing": count - len(rows)}
    sys.stdout.write(json.dumps(said) + "\n")


def lateness(rows: pd.DataFrame) -> dict[str, Any]:
    """How late rows were seen: quantiles in seconds, their slope over time, and the median of each second to plot.

    Args:
        rows: ``kafka_timestamp`` and ``committed``.
    """
    late = (rows.committed - rows.kafka_timestamp).dt.total_seconds()
    second = (rows.kafka_timestamp - rows.kafka_timestamp.min()).dt.total_seconds().astype(int)
    medians = late.groupby(second).median()
    return {
        **{name: float(late.quantile(share)) for name, share in SHARES.items()},
        "slope": float(linear_regression(medians.index.to_list(), medians.to_list()).slope),
        "series": {"seconds until visible, by second": [[int(at), float(value)] for at, value in medians.items()]},
    }


if __name__ == "__main__":
    main()
