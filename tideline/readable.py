"""Whether Kafka has records at offsets: markers of transactions, aborted and compacted records leave some without."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tideline.errors import ServiceError

COMMITTED = "read_committed"
UNCOMMITTED = "read_uncommitted"

PATIENCE_SECONDS = 30.0
"""How long a broker may say nothing new before the question is given up."""


def readable_ranges(
    bootstrap: str, topic: str, partition: int, ranges: Sequence[range], isolation: str = COMMITTED
) -> list[range]:
    """Those of some ranges of offsets in which a consumer can read a record.

    Args:
        bootstrap: Kafka's address.
        topic: the topic.
        partition: its partition.
        ranges: ascending, and none before Kafka's first offset. Where many lie close together, one request answers
            for all of them.
        isolation: whether records of aborted transactions count (``UNCOMMITTED``) or not.

    Raises:
        ServiceError: Kafka does not answer, or not up to the ends of the ranges.
    """
    where = TopicPartition(topic, partition)
    with _consumer(bootstrap, where, isolation) as consumer:
        reader = _Reader(consumer, where)
        return [r for r in ranges if reader.holds(r)]


@contextmanager
def _consumer(bootstrap: str, where: TopicPartition, isolation: str) -> Iterator[KafkaConsumer]:
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            enable_auto_commit=False,
            isolation_level=isolation,
            # An offset that is gone is an error: to go on elsewhere would answer another question.
            auto_offset_reset="none",
        )
        try:
            consumer.assign([where])
            yield consumer
        finally:
            consumer.close()
    except KafkaError as error:
        msg = f"topic {where.topic}, partition {where.partition} at {bootstrap} cannot be read ({error}); try again"
        raise ServiceError(msg) from error


class _Reader:
    """Reads on from where it was, and knows the offsets of the records that it met since it last jumped."""

    def __init__(self, consumer: KafkaConsumer, where: TopicPartition) -> None:
        self._consumer = consumer
        self._where = where
        self._met: list[int] = []
        self._begin = self._end = 0

    def holds(self, wanted: range) -> bool:
        """Whether there is a record in the range."""
        if not self._begin <= wanted.start <= self._end or self._end == 0:
            self._consumer.seek(self._where, wanted.start)
            self._end = wanted.start
            self._met = []
        # The ranges ascend: what lies before this one is not asked for again.
        del self._met[: bisect_left(self._met, wanted.start)]
        self._begin = wanted.start
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._found(wanted) and self._end < wanted.stop:
            if self._read_on():
                deadline = time.monotonic() + PATIENCE_SECONDS
            elif time.monotonic() > deadline:
                msg = (
                    f"topic {self._where.topic}, partition {self._where.partition}: Kafka does not say what lies at "
                    f"offset {self._end}; while a transaction is open, nobody can: try again when it has ended"
                )
                raise ServiceError(msg)
        return self._found(wanted)

    def _found(self, wanted: range) -> bool:
        first = bisect_left(self._met, wanted.start)
        return first < len(self._met) and self._met[first] < wanted.stop

    def _read_on(self) -> bool:
        for records in self._consumer.poll(timeout_ms=1_000).values():
            self._met += [record.offset for record in records]
        before, self._end = self._end, self._consumer.position(self._where)
        return bool(self._end > before)
