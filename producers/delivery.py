"""Delivery: batches into Kafka in order, with bounded memory, and proof that each arrived."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import Any

from kafka.errors import KafkaError

from producers.batches import Batch
from producers.client import open_producer
from producers.handover import Handed, hand_over
from producers.signals import StopSignals
from tideline.errors import DeliveryError

PATIENCE_SECONDS = 120.0
"""How long Kafka may leave a record unconfirmed."""

STOPPING_SECONDS = 10.0
"""How long a stop by signal waits for what was sent."""

_MAX_BYTES = 32 << 20
"""As many bytes are unconfirmed at a time; then sending waits."""

_SLICE_SECONDS, _CLOSING_SECONDS = 0.2, 2.0


class Delivery:
    """One run's connection to a topic.

    The first record that Kafka refuses stops everything: were later records of its partition delivered, a resume
    would take it for delivered too.
    """

    def __init__(
        self, bootstrap: str, topic: str, label: str, stop: StopSignals, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._producer: Any = open_producer(bootstrap)
        self._topic, self._label, self._where = topic, label, bootstrap
        self._stop, self._patience = stop, patience
        self._under_way: deque[tuple[float, Handed]] = deque()
        self._bytes = 0
        self._failure: tuple[int, Exception] | None = None
        self._knows_topic = False

    def send(self, batch: Batch) -> None:
        """Hand over a batch.

        Raises:
            DeliveryError: a record was refused, or Kafka confirms none any more.
        """
        try:
            if not self._knows_topic:
                self._knows_topic = bool(self._producer.partitions_for(self._topic))
            handed = hand_over(self._producer, self._topic, batch, self._refused)
        except KafkaError as error:
            raise self._error(batch.first_line, error) from error
        self._under_way.append((time.monotonic(), handed))
        self._bytes += len(batch.payload)
        self._take_off_confirmed()
        while self._bytes > _MAX_BYTES and self._stop.signal is None:
            self._check_patience()
            self._wait_briefly()
        self._check_patience()

    def finish(self) -> None:
        """Wait until all batches have arrived, or for a short while after a signal.

        Raises:
            DeliveryError: one was refused, or Kafka does not confirm in time.
        """
        # The client's own flush() forgets batches that it had to split.
        began = time.monotonic()
        while self._under_way:
            self._wait_briefly()
            self._raise_failure()
            patience = self._patience if self._stop.signal is None else STOPPING_SECONDS
            if self._under_way and time.monotonic() - began > patience:
                raise self._silence()
        self._raise_failure()

    def close(self) -> None:
        """Leave. Nothing that is still under way is sent any more."""
        self._abandon()
        with suppress(KafkaError):
            self._producer.close(timeout=_CLOSING_SECONDS)

    def _take_off_confirmed(self) -> None:
        while self._under_way and self._under_way[0][1].is_done:
            _, handed = self._under_way.popleft()
            self._bytes -= len(handed.batch.payload)

    def _wait_briefly(self) -> None:
        self._under_way[0][1].wait(_SLICE_SECONDS)
        self._take_off_confirmed()

    def _check_patience(self) -> None:
        self._raise_failure()
        if self._under_way and time.monotonic() - self._under_way[0][0] > self._patience:
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
        line = self._under_way[0][1].batch.first_line
        return DeliveryError(
            f"Kafka at {self._where} has not confirmed line {line} of {self._label} for topic {self._topic} in time; "
            "when it is well, run the same command again"
        )
