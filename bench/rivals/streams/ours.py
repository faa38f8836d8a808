"""Tideline's own stream of tweets to bronze, as a contender.

``python -m bench.rivals.streams.ours FOLDER once|forever|warm|stream`` keeps its lake in ``FOLDER/lake``. ``warm``
drains several times in one process and tells of the last time only; ``stream`` runs the whole stream, live counts
included.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.drain import PASSES, drain_once
from streaming.app import run
from streaming.queries import Trigger, bronze_query
from tideline.creation import create_tables
from tideline.lake import open_log
from tideline.session import build_session
from tideline.settings import Settings, load_settings

BRONZE = "bronze.tweets"


def main() -> None:
    """Run; the last line tells the rows, and for ``warm`` what they cost, as JSON."""
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    settings = replace(load_settings(), warehouse=str(folder / "lake"), checkpoints="")
    if mode == "stream":
        run(settings, ["tweets"], available_now=False, report=lambda _: None)
        said: dict[str, Any] = {"rows": open_log(settings, BRONZE).count()}
    elif mode == "warm":
        said = _warm(settings, folder)
    else:
        said = _bronze(settings, Trigger(None if mode == "once" else settings.trigger_seconds))
    sys.stdout.write(json.dumps(said) + "\n")


def _warm(settings: Settings, folder: Path) -> dict[str, Any]:
    """Drain into tables of their own; the last one lies where the others' only one does."""
    spark = build_session(settings, "tideline-bench")
    servers = {"broker": int(sys.argv[3])}
    for number in range(PASSES):
        where = "lake" if number == PASSES - 1 else f"pass-{number}"
        lake = replace(settings, warehouse=str(folder / where), checkpoints="")
        found = drain_once(spark, lake, servers)
    spark.stop()
    return found


def _bronze(settings: Settings, trigger: Trigger) -> dict[str, Any]:
    spark = build_session(settings, "tideline-bench")
    create_tables(settings, BRONZE)
    query = bronze_query(spark, settings, "tweets").start(trigger)
    signal.signal(signal.SIGTERM, lambda *_: query.stop())
    query.awaitTermination()
    spark.stop()
    return {"rows": open_log(settings, BRONZE).count()}


if __name__ == "__main__":
    main()
