"""What Spark tells of the running queries, taken to the metrics and to ``ops.progress``."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from streaming.journal import Journal
from streaming.metrics import Metrics
from streaming.progress import parse_progress
from streaming.retries import CommitRetries
from tideline.settings import Settings

SETTLE_SECONDS = 5.0
"""How long an end waits for what Spark has still to tell; it does so in a thread of its own."""


class JsonProxy:
    """What the JVM calls: takes each event as one text.

    PySpark's own asks the JVM for each of an event's hundreds of values: 0.1 s of CPU and more for every batch.

    Args:
        listener: hears the events.
    """

    def __init__(self, listener: StreamingQueryListener) -> None:
        self._listener = listener

    def onQueryStarted(self, event: Any) -> None:  # noqa: N802 - the name is Spark's
        """A query was started."""
        self._listener.onQueryStarted(QueryStartedEvent.fromJson(json.loads(event.json())))

    def onQueryProgress(self, event: Any) -> None:  # noqa: N802 - the name is Spark's
        """A batch was done."""
        self._listener.onQueryProgress(QueryProgressEvent.fromJson(json.loads(event.json())))

    def onQueryIdle(self, event: Any) -> None:  # noqa: N802 - the name is Spark's
        """A query has had nothing to do for some seconds."""
        self._listener.onQueryIdle(QueryIdleEvent.fromJson(json.loads(event.json())))

    def onQueryTerminated(self, event: Any) -> None:  # noqa: N802 - the name is Spark's
        """A query ended."""
        self._listener.onQueryTerminated(QueryTerminatedEvent.fromJson(json.loads(event.json())))

    class Java:
        """By which py4j knows what it stands for."""

        implements = ("org.apache.spark.sql.streaming.PythonStreamingQueryListener",)


class ProgressListener(StreamingQueryListener):
    """Hears of each batch once, after it was done; batches do not wait for it.

    Args:
        metrics: are brought up to date.
        journal: gets a row per batch.
        retries: is asked after each batch.
    """

    def __init__(self, metrics: Metrics, journal: Journal, retries: CommitRetries) -> None:
        self._metrics = metrics
        self._journal = journal
        self._retries = retries
        self._proxy: Any = None
        self._names: dict[str, str] = {}
        self._changed = threading.Condition()

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - the name is Spark's
        """A query was started."""
        name = str(event.name)
        with self._changed:
            self._names[str(event.runId)] = name
        self._metrics.started(name)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802 - the name is Spark's
        """A batch was done."""
        batch = parse_progress(json.loads(event.progress.json))
        retries = self._retries.since_last(batch.query)
        self._metrics.record(batch, retries)
        self._journal.add(batch.to_row(retries))

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802 - the name is Spark's
        """A query has had nothing to do for some seconds."""
        self._metrics.looked(self._names[str(event.runId)], datetime.fromisoformat(event.timestamp).timestamp())

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802 - the name is Spark's
        """A query ended; nothing more comes of this start of it."""
        with self._changed:
            name = self._names.pop(str(event.runId))
            self._changed.notify_all()
        self._metrics.ended(name, by_error=bool(event.exception))

    @property
    def _jlistener(self) -> Any:
        """What PySpark adds to the session, and removes; one object, so that it finds it again."""
        if self._proxy is None:
            jvm = SparkContext._jvm
            self._proxy = jvm.PythonStreamingQueryListenerWrapper(JsonProxy(self))  # type: ignore[union-attr]
        return self._proxy

    def settle(self) -> None:
        """Wait, for a while, until the end of each query that was started has been told."""
        with self._changed:
            self._changed.wait_for(lambda: not self._names, SETTLE_SECONDS)


@contextmanager
def watched(spark: SparkSession, settings: Settings, metrics: Metrics, report: Callable[[str], None]) -> Iterator[None]:
    """Bring the metrics up to date and write ``ops.progress`` while the block runs.

    Args:
        spark: the session of the queries.
        settings: where the tables lie.
        metrics: of the stream.
        report: receives what happens.
    """
    with Journal(settings, report) as journal:
        listener = ProgressListener(metrics, journal, CommitRetries(spark, settings))
        spark.streams.addListener(listener)
        try:
            yield
        finally:
            listener.settle()
            spark.streams.removeListener(listener)
