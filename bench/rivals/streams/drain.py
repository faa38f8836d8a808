"""Draining: a backlog of tweets from Kafka into bronze, equal columns for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.broker import own_broker
from bench.rivals.contest import Contender, Proof, Scale, Section
from bench.rivals.streams.engines import ENGINES, OURS, Engine
from bench.rivals.streams.reader import bronze_proof
from bench.rivals.streams.topics import fill, own_topic
from tideline.broker import broker_status
from tideline.settings import Settings


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[Section]:
    """A topic that holds the backlog, and everyone draining it."""
    with own_broker(settings) as own:
        lake = own_topic(own, "drain")
        fill(lake, scale.records)
        broker = broker_status(own).pid or 0
        warm = Contender(
            "ours, warm", "the fourth drain of one process", lambda folder: OURS.command(folder, "warm", str(broker))
        )
        yield Section(
            "drain",
            f"{scale.records:,} tweets from Kafka, 2 partitions, to bronze on local disk, process start included "
            "except where it is warm",
            [warm, *map(_once, ENGINES)],
            environment=lake.environment(),
            servers={"broker": broker},
            proof=_proof,
        )


def _once(engine: Engine) -> Contender:
    name = "ours, cold" if engine is OURS else engine.name
    return Contender(name, engine.note, lambda folder: engine.command(folder, "once"))


def _proof(folder: Path, _: Mapping[str, Any]) -> Proof:
    return bronze_proof(next(path for e in ENGINES if (path := e.table_in(folder) / "_delta_log").is_dir()).parent)
