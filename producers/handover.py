"""Whole batches into the Kafka client, whose public ``send`` takes single records and packs each anew in Python.

The one place that knows the client's inside: docs/decisions/0033-producers-in-parallel.md. Its tests compare what it
hands over, byte for byte, with what ``send`` would have made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaConnectionError
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from producers.batches import Batch
from tideline.records import HEADER_LINE

Refused = Callable[[int, Exception], None]
"""Told the line and the reason, in the client's own thread, before it sends anything else."""

_MAGIC, _UNCOMPRESSED = 2, 0


class Handed:
    """A batch in the client's hands."""

    def __init__(self, batch: Batch, refused: Refused) -> None:
        self.batch = batch
        self._refused = refused
        self._open = 0
        self._done = threading.Event()

    @property
    def is_done(self) -> bool:
        """Whether Kafka has confirmed or refused all of it."""
        return self._done.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so long for that, at most."""
        self._done.wait(seconds)

    def watch(self, future: Any, line: int) -> None:
        """Count in a part of the batch, from a line on, of which the future will tell."""
        self._open += 1
        future.add_callback(partial(self._settle, line))

    def forget(self) -> None:
        """Count out a part that the client has cut in two."""
        self._open -= 1

    def _settle(self, line: int, result: tuple[int, int, Callable[[int], Exception] | None]) -> None:
        _, _, error_of = result
        if error_of is not None:
            self._refused(line, error_of(0))
        self._open -= 1
        if not self._open:
            self._done.set()


class _Record:
    """Stands for one record where the client cuts a batch in two because the topic takes smaller ones only."""

    def __init__(self, handed: Handed, line: int, index: int) -> None:
        self._handed, self._line, self._index = handed, line, index

    def rebind(self, future: Any, index: int) -> None:
        """Called by the client for each record of a batch, in order, with its place in a new one."""
        if not self._index:
            self._handed.forget()
        if not index:
            self._handed.watch(future, self._line)
        self._index = index


class _Records:
    """The records of a batch, made only when the client asks for them."""

    def __init__(self, handed: Handed, filled: Any) -> None:
        self._handed, self._filled = handed, filled
        self._made: list[_Record] | None = None

    def __len__(self) -> int:
        return self._handed.batch.count

    def __getitem__(self, index: int) -> _Record:
        if self._made is None:
            records = (record for batch in MemoryRecords(self._filled.records.buffer()) for record in batch)
            lines = (int(dict(record.headers)[HEADER_LINE]) for record in records)
            self._made = [_Record(self._handed, line, place) for place, line in enumerate(lines)]
        return self._made[index]


def hand_over(producer: Any, topic: str, batch: Batch, refused: Refused) -> Handed:
    """Give a batch to the client, which sends it after all earlier ones of its partition.

    Raises:
        KafkaConnectionError: the client was closed.
    """
    tp = TopicPartition(topic, batch.partition)
    filled = ProducerBatch(tp, filled_records(batch, int(time.time() * 1000)))
    handed = Handed(batch, refused)
    handed.watch(filled.produce_future, batch.first_line)
    filled._record_futures = _Records(handed, filled)
    accumulator = producer._accumulator
    # As the client's own append does, so that a forced close finds this batch or forbids it.
    accumulator._appends_in_progress.increment()
    try:
        with accumulator._tp_lock(tp):
            if accumulator._closed:
                msg = "the Kafka client is closed"
                raise KafkaConnectionError(msg)
            accumulator._batches[tp].append(filled)
            accumulator._incomplete.add(filled)
    finally:
        accumulator._appends_in_progress.decrement()
    producer._sender.wakeup()
    return handed


def filled_records(batch: Batch, now_ms: int) -> Any:
    """The client's builder of a batch, as if each record had been appended to it."""
    # Above its size it counts as full, so the client does not wait for more to come.
    records = MemoryRecordsBuilder(_MAGIC, _UNCOMPRESSED, batch_size=1)
    builder = records._builder
    builder._buffer += batch.payload
    builder._num_records, builder._last_offset = batch.count, batch.count - 1
    builder._first_timestamp = builder._max_timestamp = now_ms
    records._next_offset = batch.count
    return records
