"""Keeps queries running: a failed one is started again, a live one that cannot go on, or is to be rebuilt, anew."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql.streaming.query import StreamingQuery

from streaming.queries import Query, Report, Trigger
from streaming.requests import Requests
from tideline.errors import ServiceError, StoreError, TidelineError

LIVE_TRIGGER_SHARE = 0.2
"""Live queries look for bronze commits more often than bronze makes them: to wait a whole trigger twice is too long."""

LOOK_SECONDS = 3.0
"""How often each live query looks whether it is to be rebuilt: one read."""

STOP_SECONDS = 60.0
"""How long a stop waits for running batches."""

BEAT_SECONDS = 5.0
"""How often the heartbeat is renewed while all queries run."""

FAILURES_BEFORE_REBUILD = 2
FAILURES_BEFORE_GIVING_UP = 5
LONGEST_PAUSE_SECONDS = 30.0

CAUSE = re.compile(r"(Caused by: |: )?[\w.$]+(Exception|Error): \S")


@dataclass
class Running:
    """A started query and its record of failures."""

    query: Query
    handle: StreamingQuery
    failures: int = 0
    seen_batch: int = -1
    restart_at: float | None = None
    look_at: float = 0.0
    request: str | None = None


def drain(queries: Sequence[Query], stop: threading.Event, progress: Callable[[str, int], None] | None = None) -> None:
    """Run bronze to its end, then what derives from it.

    Raises:
        TidelineError: a query failed.
    """
    for stage in (True, False):
        running = [Running(q, q.start(Trigger(None))) for q in queries if q.is_bronze is stage]
        for item in running:
            while not item.handle.awaitTermination(1):
                _tell_progress(item, progress)
                if stop.is_set():
                    _stop_all(running)
                    return
            _tell_progress(item, progress)
            _raise_failure(item)


def _raise_failure(item: Running) -> None:
    failure = item.handle.exception()
    if failure is not None:
        raise TidelineError(_sentence(item, failure)) from failure


def _sentence(item: Running, failure: BaseException) -> str:
    """The failure in one line: the innermost cause that its text names, not the frames around it."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    causes = [line for line in lines if CAUSE.match(line)]
    found = causes[-1] if causes else (lines or [type(failure).__name__])[0]
    return f"{item.query.name} failed: {found.removeprefix('Caused by:').lstrip(': ')}"


def _tell_progress(item: Running, progress: Callable[[str, int], None] | None) -> None:
    last = item.handle.lastProgress
    if last is None:
        return
    item.failures = 0
    if last["batchId"] != item.seen_batch:
        item.seen_batch = last["batchId"]
        if progress is not None:
            progress(item.query.name, last["numInputRows"])


def _stop_all(running: Sequence[Running]) -> None:
    """Stop bronze first, so that what derives from it comes to rest; then each when it is between batches.

    A stop in the middle of a batch ends its threads in errors; nothing is lost, but nobody wants to read them.
    """
    deadline = time.monotonic() + STOP_SECONDS
    for item in sorted(running, key=lambda r: not r.query.is_bronze):
        while item.handle.isActive and item.handle.status["isTriggerActive"] and time.monotonic() < deadline:
            time.sleep(0.01)
        item.handle.stop()


class Supervisor:
    """Keeps queries running: a failed one is started again, a live one that cannot go on is rebuilt.

    Args:
        queries: in the order in which they are started.
        trigger_seconds: bronze's; live queries look more often.
        requests: to rebuild a live query's tables.
        heartbeat: a file that is touched as long as all queries run; a health check looks at its age.
        report: receives what happens.
        progress: see ``run``.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        trigger_seconds: float,
        requests: Requests,
        heartbeat: Path,
        report: Report,
        progress: Callable[[str, int], None] | None,
    ) -> None:
        self._requests = requests
        self._heartbeat, self._beat_at = heartbeat, 0.0
        self._report = report
        self._progress = progress
        self._seconds = trigger_seconds
        self._running = [Running(query, query.start(self._trigger(query))) for query in queries]

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop.

        Raises:
            TidelineError: a query failed ``FAILURES_BEFORE_GIVING_UP`` times without finishing a batch.
        """
        self._report(f"streaming {', '.join(item.query.name for item in self._running)}")
        try:
            while not stop.wait(0.2):
                for item in self._running:
                    self._watch(item)
                self._beat()
            self._report("stopping: running batches are finished first")
        finally:
            _stop_all(self._running)

    def _beat(self) -> None:
        if time.monotonic() >= self._beat_at and all(item.restart_at is None for item in self._running):
            self._beat_at = time.monotonic() + BEAT_SECONDS
            self._heartbeat.parent.mkdir(parents=True, exist_ok=True)
            self._heartbeat.touch()

    def _watch(self, item: Running) -> None:
        if item.restart_at is not None:
            if time.monotonic() >= item.restart_at:
                self._restart(item)
            return
        _tell_progress(item, self._progress)
        if not item.handle.isActive:
            self._after_failure(item)
        elif item.query.drop_progress and _late_rows(item.handle):
            self._rebuild(item, item.query.drop_progress, "met rows behind its watermark")
        elif item.query.drop_progress and time.monotonic() >= item.look_at:
            item.look_at = time.monotonic() + LOOK_SECONDS
            # While the store is away nobody can ask; the queries themselves say that it is.
            with suppress(StoreError):
                self._follow_request(item, item.query.drop_progress)

    def _follow_request(self, item: Running, drop_progress: Callable[[], None]) -> None:
        """Begin what was asked for, and answer when the first batch after it, all of bronze, is done."""
        if item.request is not None and item.handle.lastProgress is not None:
            self._requests.answer(item.query.name, item.request)
            self._report(f"{item.query.name} was rebuilt")
            item.request = None
        asked = self._requests.pending(item.query.name)
        if asked is not None and asked != item.request:
            self._rebuild(item, drop_progress, "is to be rebuilt")
            item.request = asked

    def _rebuild(self, item: Running, drop_progress: Callable[[], None], why: str) -> None:
        self._report(f"{item.query.name} {why}; its tables are computed anew from bronze")
        _stop_all([item])
        drop_progress()
        item.restart_at = time.monotonic()

    def _restart(self, item: Running) -> None:
        try:
            item.handle = item.query.start(self._trigger(item.query))
            item.restart_at = None
        except ServiceError as err:
            # Kafka is away: that is no fault of the query, and it may last.
            self._report(f"{item.query.name} waits: {err}")
            item.restart_at = time.monotonic() + LONGEST_PAUSE_SECONDS

    def _after_failure(self, item: Running) -> None:
        item.failures += 1
        failure = item.handle.exception() or RuntimeError("it stopped without saying why")
        if item.failures >= FAILURES_BEFORE_GIVING_UP:
            raise TidelineError(_sentence(item, failure)) from failure
        pause, how = min(2.0**item.failures, LONGEST_PAUSE_SECONDS), ""
        if item.failures == FAILURES_BEFORE_REBUILD and item.query.drop_progress:
            item.query.drop_progress()
            how = " without its checkpoint, its tables computed anew from bronze"
        self._report(f"{_sentence(item, failure)}; starting it again in {pause:.0f} s{how}")
        item.restart_at = time.monotonic() + pause

    def _trigger(self, query: Query) -> Trigger:
        return Trigger(self._seconds if query.is_bronze else self._seconds * LIVE_TRIGGER_SHARE)


def _late_rows(handle: StreamingQuery) -> bool:
    last = handle.lastProgress
    operators = last["stateOperators"] if last is not None else []
    return any(operator["numRowsDroppedByWatermark"] > 0 for operator in operators)
