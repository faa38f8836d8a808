"""The stream's metrics for Prometheus: what they are, and the server that shows them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, start_http_server

from streaming.progress import Batch
from tideline.errors import ServiceError
from tideline.settings import Settings

NAMESPACE = "tideline_stream"

BATCH_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""From a live batch at rest to the first batch after a long outage."""


class Metrics:
    """All metrics of one stream; ``docs/reference.md`` lists them."""

    def __init__(self) -> None:
        # Each counter would have a second series with the time of its making.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        query, where = ("query",), ("topic", "partition")
        self.running = self._gauge("query_running", "Whether the query runs: 1 or 0.", query)
        self.failures = self._counter("query_failures", "How often the query ended by an error.", query)
        self.last_sign = self._gauge(
            "last_progress_timestamp_seconds", "When the query last finished a batch or found nothing to do.", query
        )
        self.rows = self._counter("rows", "Rows that the query's finished batches read.", query)
        self.verdicts = self._counter(
            "records", "Records that landed in bronze, valid or quarantined.", ("source", "verdict")
        )
        self.batch_seconds = Histogram(
            "batch_duration_seconds",
            "How long batches took.",
            query,
            namespace=NAMESPACE,
            buckets=BATCH_SECONDS,
            registry=self.registry,
        )
        self.lag = self._gauge(
            "lag_records", "Records that Kafka had when the newest batch began and that it left unread.", where
        )
        self.freshness = self._gauge(
            "freshness_seconds",
            "From Kafka's time of the newest batch's oldest and newest record to the moment when they were visible.",
            ("query", "record"),
        )
        self.late = self._counter("late_rows", "Rows behind the watermark, which the state did not take.", query)
        self.state_bytes = self._gauge("state_bytes", "Memory of the state.", ("query", "operator"))
        self.state_written = self._counter("state_rows_written", "Rows put into the state.", ("query", "operator"))
        self.state_removed = self._counter("state_rows_removed", "Rows dropped from the state.", ("query", "operator"))
        self.retries = self._counter(
            "commit_retries", "Commits that were tried again, since another writer had been faster.", query
        )

    def started(self, query: str) -> None:
        """A query was started; what counts errors shows 0 from now on, so that the first one is a rise."""
        self.running.labels(query).set(1)
        self.failures.labels(query)
        self.retries.labels(query)

    def ended(self, query: str, *, by_error: bool) -> None:
        """A query ended."""
        self.running.labels(query).set(0)
        self.failures.labels(query).inc(by_error)

    def looked(self, query: str, at: float) -> None:
        """A query found nothing to do, at this time in seconds since 1970."""
        self.last_sign.labels(query).set(at)

    def record(self, batch: Batch, commit_retries: int) -> None:
        """Take in a finished batch.

        Args:
            batch: what Spark said of it.
            commit_retries: commits to its query's tables that were tried again since the last batch.
        """
        query = batch.query
        self.looked(query, batch.finished.timestamp())
        self.rows.labels(query).inc(batch.rows)
        self.batch_seconds.labels(query).observe(batch.seconds)
        self.retries.labels(query).inc(commit_retries)
        if batch.valid is not None and batch.quarantined is not None:
            source = query.removeprefix("bronze.")
            self.verdicts.labels(source, "valid").inc(batch.valid)
            self.verdicts.labels(source, "quarantined").inc(batch.quarantined)
        for (topic, partition), left in batch.lag.items():
            self.lag.labels(topic, partition).set(left)
        for record, seconds in (("oldest", batch.oldest_seconds), ("newest", batch.newest_seconds)):
            if seconds is not None:
                self.freshness.labels(query, record).set(seconds)
        for state in batch.states:
            self.late.labels(query).inc(state.late_rows)
            self.state_bytes.labels(query, state.operator).set(state.bytes)
            self.state_written.labels(query, state.operator).inc(state.rows_written)
            self.state_removed.labels(query, state.operator).inc(state.rows_removed)

    def _gauge(self, name: str, what: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(name, what, labels, namespace=NAMESPACE, registry=self.registry)

    def _counter(self, name: str, what: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, what, labels, namespace=NAMESPACE, registry=self.registry)


@contextmanager
def served(settings: Settings) -> Iterator[Metrics]:
    """Metrics, shown at ``/metrics`` while the block runs if ``settings`` name a port.

    Raises:
        ServiceError: the port is taken, or the address is not one of this machine's.
    """
    metrics = Metrics()
    if settings.metrics_port == 0:
        yield metrics
        return
    try:
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host, metrics.registry)
    except OSError as err:
        taken = err.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else err.strerror or str(err)
        msg = (
            f"the metrics cannot be served at {settings.metrics_host}:{settings.metrics_port}: {why}; "
            "set TIDELINE_METRICS_PORT to a free port, or to 0 for none"
        )
        raise ServiceError(msg) from err
    try:
        yield metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
