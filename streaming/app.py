"""The stream: one driver process that starts the queries, watches over them, and stops them between batches."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pyspark.sql import SparkSession

from streaming.lease import folder_lease, is_folder_leased
from streaming.listener import watched
from streaming.metrics import served
from streaming.queries import LIVE_TABLES, Query, Report, queries_of
from streaming.requests import Requests
from streaming.s3_lease import is_s3_leased, s3_lease
from streaming.supervisor import Supervisor, drain
from tideline.creation import create_tables
from tideline.errors import LeaseError
from tideline.lake import table_path
from tideline.probe import commit_problem
from tideline.s3 import ensure_buckets
from tideline.session import build_session
from tideline.settings import S3A, Settings
from tideline.topics import check_topics

STREAM_CONF = {
    # The live queries sort within batches on the way to their state. Spark refuses any sort in a stream, for fear of
    # one over all time; this one ends with the batch.
    "spark.sql.streaming.unsupportedOperationCheck": "false",
    # One watermark for all operators: the lowest of those that the Kafka partitions have (see `with_time_order`).
    # Spark's newer rule derives one per operator and refuses several in a row.
    "spark.sql.streaming.statefulOperator.allowMultiple": "false",
}


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
        TidelineError: a topic, a table, a checkpoint or a lease is not as it must be, the metrics' port is taken, or a
            query keeps failing.
    """
    check_topics(settings)
    ensure_buckets(settings)
    lost: list[str] = []
    with _stop_on_signal() as stop, ExitStack() as held:
        for source in sources:
            hold(settings, source, held, stop, lost, report)
        metrics = held.enter_context(served(settings))
        spark = build_session(settings, "tideline-stream", STREAM_CONF)
        held.callback(spark.stop)
        held.enter_context(watched(spark, settings, metrics, report))
        problem = commit_problem(spark, settings)
        if problem is not None:
            report(f"{problem}; this stream runs alone: compaction beside it is refused")
        queries = prepare(spark, settings, sources, report)
        if available_now:
            drain(queries, stop, report, progress)
        else:
            heartbeat = settings.home / "run" / "stream.alive"
            Supervisor(queries, settings.trigger_seconds, report, progress, Requests(settings), heartbeat).run(stop)
    if lost:
        raise LeaseError(lost[0])


def hold(
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


def is_held(settings: Settings, source: str) -> bool:
    """Whether a stream holds the lease of a source's bronze table."""
    path = table_path(settings, f"bronze.{source}")
    return is_s3_leased(settings, path) if path.startswith(S3A) else is_folder_leased(path)


def prepare(
    spark: SparkSession, settings: Settings, sources: Sequence[str], report: Report | None = None
) -> list[Query]:
    """Create the tables of these sources where they are missing, and name their queries; those say what happens."""
    for source in sources:
        create_tables(settings, f"bronze.{source}", *LIVE_TABLES[source])
    return [query for source in sources for query in queries_of(spark, settings, source, report)]


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
