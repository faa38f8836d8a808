"""An engine at work in a folder, watched from outside: by the files of its table alone."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.rivals.errors import ContestError
from bench.rivals.streams.engines import Engine
from tideline.settings import Settings

LOOK_SECONDS = 0.005
STOP_SECONDS = 60.0


@contextmanager
def running(engine: Engine, folder: Path, settings: Settings, mode: str = "forever") -> Iterator[psutil.Process]:
    """The engine while the block runs; afterwards it is asked to stop, and killed when it does not."""
    log = folder / "engine.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            engine.command(folder, mode),
            env=settings.environment(),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
        process.wait()


def kill_tree(pid: int) -> None:
    """SIGKILL for a process and its children: a driver dies with its JVM."""
    try:
        root = psutil.Process(pid)
        for process in (*root.children(recursive=True), root):
            process.kill()
    except psutil.NoSuchProcess:
        return


def wait_for(what: Callable[[], bool], seconds: float, name: str, process: psutil.Process) -> float:
    """Look until it holds; returns the seconds it took.

    Raises:
        ContestError: the process ended, or the time is over.
    """
    began = time.monotonic()
    while not what():
        waited = time.monotonic() - began
        if waited > seconds or not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            msg = f"no {name} after {waited:.0f} s"
            raise ContestError(msg)
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


class Landed:
    """The rows that a table's log counts, read as it grows; only appends are expected."""

    def __init__(self, table: Path) -> None:
        self._log = table / "_delta_log"
        self._seen: set[str] = set()
        self.rows = 0

    def look(self) -> int:
        """Read the commits that are new; returns all rows up to now."""
        for commit in sorted(self._log.glob("[0-9]*.json")) if self._log.is_dir() else ():
            if commit.name not in self._seen:
                self._seen.add(commit.name)
                self.rows += sum(added_rows(line) for line in commit.read_text().splitlines())
        return self.rows


def added_rows(action: str) -> int:
    """The rows that an action of a commit adds.

    >>> added_rows(json.dumps({"add": {"path": "x", "stats": json.dumps({"numRecords": 3})}}))
    3
    >>> added_rows('{"commitInfo": {}}')
    0
    """
    added = json.loads(action).get("add")
    return int(json.loads(added["stats"])["numRecords"]) if added else 0
