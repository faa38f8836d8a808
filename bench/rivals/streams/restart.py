"""Restart: killed by SIGKILL while it writes, with a backlog behind; how soon it has caught up, and with what.

Run as a module it is one run: ``python -m bench.rivals.streams.restart ENGINE FOLDER BACKLOG``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.broker import own_broker
from bench.produce import ready_records
from bench.rivals.contest import Contender, Scale, Section, figure
from bench.rivals.errors import ContestError
from bench.rivals.streams.engines import SURVIVORS, Engine
from bench.rivals.streams.landing import Landed, kill_tree, running, wait_for
from bench.rivals.streams.produce import send_ready
from bench.rivals.streams.reader import distinct_coordinates
from bench.rivals.streams.topics import own_topic
from producers.source import generated_source
from producers.synthetic import SyntheticTweets
from tideline.settings import Settings, load_settings

FIRST_RECORDS = 20_000
"""What an engine has landed before, so that it has a position to go on from."""

LIMIT_SECONDS = 900.0


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[Section]:
    """A broker, and everyone killed and started again."""
    with own_broker(settings) as own:
        yield Section(
            "restart",
            f"kill -9 when the first file of a backlog of {scale.records:,} tweets appears; start to first commit and "
            "to lag 0, process start included; records lost and doubled",
            [Contender(e.name, e.note, partial(_command, e, scale.records)) for e in SURVIVORS],
            measures=[
                figure("first_commit", "s after the start"),
                figure("lag_0", "s after the start"),
                figure("lost", "records"),
                figure("doubled", "records"),
                figure("behind", "records at the kill", more_wins=True),
            ],
            environment=own.environment(),
        )


def _command(engine: Engine, backlog: int, folder: Path) -> list[str]:
    return [sys.executable, "-m", "bench.rivals.streams.restart", engine.name, str(folder), str(backlog)]


def main() -> None:
    """One run; the last line is its figures."""
    engine = next(engine for engine in SURVIVORS if engine.name == sys.argv[1])
    folder, backlog = Path(sys.argv[2]), int(sys.argv[3])
    settings = own_topic(load_settings(), folder.name)
    _send(settings, FIRST_RECORDS, 3)
    subprocess.run(engine.command(folder, "once"), env=settings.environment(), check=True, stdout=subprocess.DEVNULL)
    _send(settings, backlog, 2)
    table = engine.table_in(folder)
    killed_in_the_middle(engine, folder, settings)
    landed = Landed(table)
    before, everything = landed.look(), FIRST_RECORDS + backlog
    if before == everything:
        msg = f"{engine.name} had committed all {backlog:,} records before it was killed: take a larger backlog"
        raise ContestError(msg)
    with running(engine, folder, settings) as process:
        first = wait_for(lambda: landed.look() > before, LIMIT_SECONDS, "first commit", process)
        last = first + wait_for(lambda: landed.look() >= everything, LIMIT_SECONDS, "lag 0", process)
    rows, distinct = distinct_coordinates(table)
    said = {
        "rows": rows,
        "first_commit": first,
        "lag_0": last,
        "lost": everything - distinct,
        "doubled": rows - distinct,
        "behind": everything - before,
    }
    sys.stdout.write(json.dumps(said) + "\n")


def killed_in_the_middle(engine: Engine, folder: Path, settings: Settings) -> None:
    """Start the engine and kill it at once when it begins to write a file of its table."""
    table = engine.table_in(folder)
    before = set(table.rglob("*.parquet*"))
    with running(engine, folder, settings) as process:
        wait_for(lambda: bool(set(table.rglob("*.parquet*")) - before), LIMIT_SECONDS, "file", process)
        kill_tree(process.pid)


def _send(settings: Settings, records: int, seed: int) -> None:
    run = SyntheticTweets(records, seed)
    ready = ready_records(generated_source(run.planted.run, run.chunks))
    send_ready(ready, settings.kafka_bootstrap, settings.tweets_topic)


if __name__ == "__main__":
    main()
