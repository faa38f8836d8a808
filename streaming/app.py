"""The stream: one driver process that starts the queries, watches over them, and stops them between batches."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from streaming.lease import folder_lease
from streaming.queries import LIVE_TABLES, Query, Trigger, queries_of
from streaming.s3_lease import s3_lease
from tideline.errors import LeaseError, ServiceError, TidelineError
from tideline.lake import table_path
from tideline.probe import commit_problem
from tideline.s3 import ensure_buckets
from tideline.session import build_session
from tideline.settings import S3A, Settings
from tideline.tables import create_tables
from tideline.topics import check_topics

LIVE_TRIGGER_SHARE = 0.2
"""Live queries look for bronze commits more often than bronze makes them: to wait a whole trigger twice is too long."""

STOP_SECONDS = 60.0
"""How long a stop waits for running batches."""

FAILURES_BEFORE_REBUILD = 2
FAILURES_BEFORE_GIVING_UP = 5
LONGEST_PAUSE_SECONDS = 30.0

STREAM_CONF = {
    # The live queries sort within batches on the way to their state. Spark refuses any sort in a stream, for fear of
    # one over all time; this one ends with the batch.
    "spark.sql.streaming.unsupportedOperationCheck": "false",
    # One watermark for all operators: the lowest of those that the Kafka partitions have (see `with_time_order`).
    # Spark's newer rule derives one per operator and refuses several in a row.
    "spark.sql.streaming.statefulOperator.allowMultiple": "false",
}

CAUSE = re.compile(r"(Caused by: |: )?[\w.$]+(Exception|Error): \S")

Report = Callable[[str], None]
"""Called with one sentence whenever something happens that an operator would want to know."""


@dataclass
class Running:
    """A started query and its record of failures."""

    query: Query
    handle: StreamingQuery
    failures: int = 0
    seen_batch: int = -1
    restart_at: float | None = field(default=None)


def run(
    settings: Settings,
    sources: Sequence[str],
    *,
    available_now: bool,
    report: Report,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Run the stream until it is told to stop, or, with ``available_now``, until all that is in Kafka is counted.

    Args:
        settings: topics, warehouse, trigger, bounds.
        sources: tweets, emissions, or both.
        available_now: stop when everything that was there at the start is processed.
        report: receives what happens.
        progress: receives a query's name and how many rows its newest batch read.

    Raises:
        TidelineError: a topic, a table, a checkpoint or a lease is not as it must be, or a query keeps failing.
    """
    check_topics(settings)
    ensure_buckets(settings)
    lost: list[str] = []
    with _stop_on_signal() as stop, ExitStack() as held:
        for source in sources:
            _hold(settings, source, held, stop, lost, report)
        spark = build_session(settings, "tideline-stream", STREAM_CONF)
        held.callback(spark.stop)
        problem = commit_problem(spark, settings)
        if problem is not None:
            report(f"{problem}; this stream runs alone: compaction beside it is refused")
        queries = prepare(spark, settings, sources)
        if available_now:
            drain(queries, stop, progress)
        else:
            Supervisor(queries, settings.trigger_seconds, report, progress).run(stop)
    if lost:
        raise LeaseError(lost[0])


def _hold(
    settings: Settings, source: str, held: ExitStack, stop: threading.Event, lost: list[str], report: Report
) -> None:
    """Take the lease of a source's bronze table; when it is lost, say so in ``lost`` and stop the stream."""
    path = table_path(settings, f"bronze.{source}")
    if not path.startswith(S3A):
        held.enter_context(folder_lease(path))
        return

    def give_up(sentence: str) -> None:
        lost.append(sentence)
        stop.set()

    held.enter_context(s3_lease(settings, path, stop, give_up, report))


def prepare(spark: SparkSession, settings: Settings, sources: Sequence[str]) -> list[Query]:
    """Create the tables of these sources where they are missing, and name their queries."""
    for source in sources:
        create_tables(spark, settings, f"bronze.{source}", *LIVE_TABLES[source])
    return [query for source in sources for query in queries_of(spark, settings, source)]


@contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; elsewhere than in the main thread nothing is installed."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
        report: receives what happens.
        progress: see ``run``.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        trigger_seconds: float,
        report: Report,
        progress: Callable[[str, int], None] | None,
    ) -> None:
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
            self._report("stopping: running batches are finished first")
        finally:
            _stop_all(self._running)

    def _watch(self, item: Running) -> None:
        if item.restart_at is not None:
            if time.monotonic() >= item.restart_at:
                self._restart(item)
            return
        _tell_progress(item, self._progress)
        if not item.handle.isActive:
            self._after_failure(item)
        elif item.query.drop_progress and _late_rows(item.handle):
            self._report(f"{item.query.name} met rows behind its watermark; its tables are computed anew from bronze")
            item.handle.stop()
            item.query.drop_progress()
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
        if item.failures == FAILURES_BEFORE_REBUILD and item.query.drop_progress:
            item.query.drop_progress()
        pause = min(2.0**item.failures, LONGEST_PAUSE_SECONDS)
        self._report(f"{_sentence(item, failure)}; starting it again in {pause:.0f} s")
        item.restart_at = time.monotonic() + pause

    def _trigger(self, query: Query) -> Trigger:
        return Trigger(self._seconds if query.is_bronze else self._seconds * LIVE_TRIGGER_SHARE)


def _late_rows(handle: StreamingQuery) -> bool:
    last = handle.lastProgress
    operators = last["stateOperators"] if last is not None else []
    return any(operator["numRowsDroppedByWatermark"] > 0 for operator in operators)
