"""Keeps queries running: a failed one is started again, a live one that cannot go on, or is to be rebuilt, anew."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyspark.errors import StreamingQueryException
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
    is_done: bool = False
    look_at: float = 0.0
    request: str | None = None


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
    One that has just ended by itself still has to tell the session, which must not be gone by then.
    """
    deadline = time.monotonic() + STOP_SECONDS
    for item in sorted(running, key=lambda r: not r.query.is_bronze):
        while item.handle.isActive and item.handle.status["isTriggerActive"] and time.monotonic() < deadline:
            time.sleep(0.01)
        if item.handle.isActive:
            item.handle.stop()
        with suppress(StreamingQueryException):
            item.handle.awaitTermination()


def drain(
    queries: Sequence[Query],
    stop: threading.Event,
    report: Report,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Run bronze to its end, then what derives from it; ``report`` and ``progress`` as of ``Supervisor``.

    Raises:
        TidelineError: see ``Supervisor.run``.
    """
    for stage in (True, False):
        chosen = [query for query in queries if query.is_bronze is stage]
        if chosen and not stop.is_set():
            Supervisor(chosen, None, report, progress).run(stop)


class Supervisor:
    """Keeps queries running: a failed one is started again, a live one that cannot go on is rebuilt.

    Args:
        queries: in the order in which they are started.
        trigger_seconds: bronze's; live queries look more often. None: each runs to the end of what is there now.
        report: receives what happens.
        progress: receives a query's name and how many rows its newest batch read.
        requests: to rebuild a live query's tables.
        heartbeat: a file that is touched as long as all queries run; a health check looks at its age.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        trigger_seconds: float | None,
        report: Report,
        progress: Callable[[str, int], None] | None,
        requests: Requests | None = None,
        heartbeat: Path | None = None,
    ) -> None:
        self._requests = requests
        self._heartbeat, self._beat_at = heartbeat, 0.0
        self._report = report
        self._progress = progress
        self._seconds = trigger_seconds
        self._running = [Running(query, query.start(self._trigger(query))) for query in queries]

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop, or until all are at their ends.

        Raises:
            TidelineError: a query failed ``FAILURES_BEFORE_GIVING_UP`` times without finishing a batch.
        """
        self._report(f"streaming {', '.join(item.query.name for item in self._running)}")
        try:
            while not all(item.is_done for item in self._running):
                if stop.wait(0.2):
                    self._report("stopping: running batches are finished first")
                    break
                for item in self._running:
                    self._watch(item)
                self._beat()
        finally:
            _stop_all(self._running)

    def _beat(self) -> None:
        if self._heartbeat is None:
            return
        if time.monotonic() >= self._beat_at and all(item.restart_at is None for item in self._running):
            self._beat_at = time.monotonic() + BEAT_SECONDS
            self._heartbeat.parent.mkdir(parents=True, exist_ok=True)
            self._heartbeat.touch()

    def _watch(self, item: Running) -> None:
        if item.is_done:
            return
        if item.restart_at is not None:
            if time.monotonic() >= item.restart_at:
                self._restart(item)
            return
        _tell_progress(item, self._progress)
        is_active = item.handle.isActive
        if not is_active and (self._seconds is not None or item.handle.exception() is not None):
            self._after_failure(item)
        elif item.query.drop_progress and _late_rows(item.handle):
            self._rebuild(item, item.query.drop_progress, "met rows behind its watermark")
        elif not is_active:
            _tell_progress(item, self._progress)  # of a batch that ended since
            item.is_done = True
        elif self._requests is not None and item.query.drop_progress and time.monotonic() >= item.look_at:
            item.look_at = time.monotonic() + LOOK_SECONDS
            # While the store is away nobody can ask; the queries themselves say that it is.
            with suppress(StoreError):
                self._follow_request(item, self._requests, item.query.drop_progress)

    def _follow_request(self, item: Running, requests: Requests, drop_progress: Callable[[], None]) -> None:
        """Begin what was asked for, and answer when the first batch after it, all of bronze, is done."""
        if item.request is not None and item.handle.lastProgress is not None:
            requests.answer(item.query.name, item.request)
            self._report(f"{item.query.name} was rebuilt")
            item.request = None
        asked = requests.pending(item.query.name)
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
        if self._seconds is None:
            return Trigger(None)
        return Trigger(self._seconds if query.is_bronze else self._seconds * LIVE_TRIGGER_SHARE)


def _late_rows(handle: StreamingQuery) -> bool:
    last = handle.lastProgress
    operators = last["stateOperators"] if last is not None else []
    return any(operator["numRowsDroppedByWatermark"] > 0 for operator in operators)
