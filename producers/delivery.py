"""Delivery: records into Kafka in order, with bounded memory, and proof that each arrived."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import Any

from kafka.errors import KafkaError

from producers.client import open_producer
from producers.records import Headers
from producers.signals import StopSignals
from tideline.errors import DeliveryError

PATIENCE_SECONDS = 120.0
"""How long Kafka may leave a record unconfirmed."""

STOPPING_SECONDS = 10.0
"""How long a stop by signal waits for what was sent."""

MARK_RECORDS, _MARK_BYTES = 512, 512 << 10
_MAX_MARKS = 128
"""Up to 128 marks of 512 records or 512 KiB are unconfirmed at a time; then sending waits."""

_SLICE_SECONDS, _CLOSING_SECONDS = 0.2, 2.0


class Delivery:
    """One run's connection to a topic.

    The first record that Kafka refuses stops everything: were later records of its partition delivered, a resume
    would take it for delivered too.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        label: str,
        stop: StopSignals,
        patience: float = PATIENCE_SECONDS,
        mark_records: int = MARK_RECORDS,
    ) -> None:
        self._producer: Any = open_producer(bootstrap)
        self._send = self._producer.send
        self._topic, self._label, self._where = topic, label, bootstrap
        self._stop, self._patience, self._mark_records = stop, patience, mark_records
        self._marks: deque[tuple[float, int, Any]] = deque()
        self._last: dict[int, tuple[int, Any]] = {}
        self._records = self._bytes = self._first_line = 0
        self._failure: tuple[int, Exception] | None = None

    def send(self, line: int, partition: int, key: bytes, value: bytes, headers: Headers) -> None:
        """Hand over a record.

        Raises:
            DeliveryError: this record, or one before it, was refused, or Kafka confirms none any more.
        """
        try:
            future = self._send(self._topic, value, key, headers, partition)
        except KafkaError as error:
            raise self._error(line, error) from error
        future.add_errback(self._refused, line)
        self._last[partition] = line, future
        if not self._records:
            self._first_line = line
        self._records += 1
        self._bytes += len(value)
        if self._records >= self._mark_records or self._bytes >= _MARK_BYTES:
            self._mark(future)

    def finish(self) -> None:
        """Wait until all records have arrived, or for a short while after a signal.

        Raises:
            DeliveryError: one was refused, or Kafka does not confirm in time.
        """
        # Partitions keep their order, so the last record of each stands for all. The client's own flush() forgets
        # batches that it had to split.
        began = time.monotonic()
        for line, future in self._last.values():
            while not future.is_done:
                _await_briefly(future)
                patience = self._patience if self._stop.signal is None else STOPPING_SECONDS
                if not future.is_done and time.monotonic() - began > patience:
                    raise self._silence()
            if future.failed():
                self._refused(line, future.exception)
        self._raise_failure()

    def close(self) -> None:
        """Leave. Nothing that is still under way is sent any more."""
        self._abandon()
        with suppress(KafkaError):
            self._producer.close(timeout=_CLOSING_SECONDS)

    def _mark(self, future: Any) -> None:
        self._records = self._bytes = 0
        self._marks.append((time.monotonic(), self._first_line, future))
        while self._marks and self._marks[0][2].is_done:
            self._marks.popleft()
        while len(self._marks) >= _MAX_MARKS and self._stop.signal is None:
            self._check_patience()
            _await_briefly(self._marks[0][2])
            if self._marks[0][2].is_done:
                self._marks.popleft()
        self._check_patience()

    def _check_patience(self) -> None:
        self._raise_failure()
        if self._marks and time.monotonic() - self._marks[0][0] > self._patience:
            raise self._silence()

    def _refused(self, line: int, error: Exception) -> None:
        """Called by the client's own thread, before it sends anything else."""
        if self._failure is None:
            self._failure = (line, error)
            self._abandon()

    def _abandon(self) -> None:
        # The client has no public way to stop without sending the rest: close() flushes first.
        self._producer._sender.force_close()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            line, error = self._failure
            raise self._error(line, error) from error

    def _error(self, line: int, error: Exception) -> DeliveryError:
        if self._failure is not None:
            line, error = self._failure
        return DeliveryError(
            f"line {line} of {self._label} was not delivered to topic {self._topic} at {self._where}: "
            f"{type(error).__name__}: {error}; nothing after it was sent to its partition, "
            "so remove the cause and run the same command again"
        )

    def _silence(self) -> DeliveryError:
        first = f"line {self._marks[0][1]}" if self._marks else "the last lines"
        return DeliveryError(
            f"Kafka at {self._where} has not confirmed {first} of {self._label} for topic {self._topic} in time; "
            "when it is well, run the same command again"
        )


def _await_briefly(future: Any) -> None:
    # Failures are told by the callback, and time-outs judged by how long Kafka has been silent.
    with suppress(KafkaError):
        future.get(timeout=_SLICE_SECONDS)
