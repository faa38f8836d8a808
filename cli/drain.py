"""The stream as a child process until everything in Kafka is in bronze and counted, with a bar over bronze's rows."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.accounting import read_partitions
from cli.kafka import read_offsets
from cli.lake import Lake
from tideline.errors import ServiceError
from tideline.settings import Settings

POLL_SECONDS = 0.5
TAIL_LINES = 15


def drain(settings: Settings, console: Console) -> None:
    """Run ``python -m streaming --available-now`` to its end.

    Raises:
        ServiceError: the stream failed; with the end of its log.
    """
    lake = Lake(settings)
    before = _bronze_rows(lake)
    lag = sum(p.lag or 0 for p in read_partitions(lake, read_offsets(settings)))
    log = settings.home / "logs" / "stream.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output, _bar(console) as bar:
        task = bar.add_task("starting Spark", total=lag)
        stream = subprocess.Popen(
            [sys.executable, "-m", "streaming", "--available-now"],
            env=os.environ | settings.variables(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        while stream.poll() is None:
            landed = _bronze_rows(lake) - before
            bar.update(task, completed=landed, description=_phase(landed, lag))
            time.sleep(POLL_SECONDS)
        landed = _bronze_rows(lake) - before
        bar.update(task, completed=landed)
    if stream.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
        msg = f"the stream ended with exit code {stream.returncode}; its log {log} ends with\n{tail}"
        raise ServiceError(msg)
    console.print(f"  {landed:,} records landed in bronze")


def _phase(landed: int, lag: int) -> str:
    if landed < lag:
        return "rows in bronze" if landed else "starting Spark"
    return "live tables"


def _bronze_rows(lake: Lake) -> int:
    return sum(lake.row_count(name) for name in ("bronze.tweets", "bronze.emissions"))


def _bar(console: Console) -> Progress:
    columns = (TextColumn("  {task.description:15}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
