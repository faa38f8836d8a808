"""What an earlier run delivered, read from the topic itself: docs/decisions/0002-producer-resume.md."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from producers.client import open_consumer
from producers.delivered import Delivered
from producers.partition import partition_of
from tideline.errors import ResumeError
from tideline.records import HEADER_LINE, HEADER_SOURCE

SCAN_BOUND = 200_000
"""Records per partition that are looked at, newest first: about two seconds."""

PROOF = 64
"""Records that must lie where the partition count puts them. After a change at most every second one still does,
so chance fails to notice it once in 2**64 times; fewer records than that only speak for themselves."""

_FIRST_STEP, _LAST_STEP = 1_000, 50_000
_SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Found:
    """A record of the source, as it lies in the topic."""

    line: int
    key: bytes


def delivered(
    bootstrap: str, topic: str, partitions: int, source: str, label: str, bound: int = SCAN_BOUND
) -> list[Delivered]:
    """Look back in each partition for the newest records of a source.

    Records of one source are delivered in the order of their lines per partition, without holes. So the newest
    record tells that all lines of its partition up to its own are there, if the partition count did not change.

    Args:
        bootstrap: where Kafka is.
        topic: the topic.
        partitions: its partition count.
        source: the value of the ``source`` header.
        label: what messages call the source.
        bound: records per partition to look at.

    Returns:
        One item per partition.

    Raises:
        ResumeError: the partition count changed, or Kafka stopped answering.
    """
    consumer = open_consumer(bootstrap)
    try:
        return [
            _scan(consumer, TopicPartition(topic, partition), partitions, source, label, bound)
            for partition in range(partitions)
        ]
    except KafkaError as error:
        msg = f"cannot look for earlier records of {label} in topic {topic} at {bootstrap}: {error}; try again"
        raise ResumeError(msg) from error
    finally:
        consumer.close()


def newest_sources(bootstrap: str, topic: str, partitions: int, wanted: re.Pattern[str]) -> set[str]:
    """The newest of the sources whose names match, one or a few: those near each partition's end.

    Args:
        bootstrap: where Kafka is.
        topic: the topic.
        partitions: its partition count.
        wanted: matches the whole value of a ``source`` header.

    Raises:
        ResumeError: Kafka stopped answering.
    """
    consumer = open_consumer(bootstrap)
    try:
        return {
            source
            for partition in range(partitions)
            for source in _newest_sources(consumer, TopicPartition(topic, partition), wanted)
        }
    except KafkaError as error:
        msg = f"cannot look for earlier records in topic {topic} at {bootstrap}: {error}; try again"
        raise ResumeError(msg) from error
    finally:
        consumer.close()


def _newest_sources(consumer: Any, tp: Any, wanted: re.Pattern[str]) -> set[str]:
    consumer.assign([tp])
    low = end = consumer.end_offsets([tp])[tp]
    floor, step = max(consumer.beginning_offsets([tp])[tp], end - SCAN_BOUND), _FIRST_STEP
    found: set[str] = set()
    while low > floor and not found:
        high, low = low, max(floor, low - step)
        sources = {
            dict(record.headers).get(HEADER_SOURCE, b"").decode() for record in _records(consumer, tp, low, high)
        }
        found = {source for source in sources if wanted.fullmatch(source)}
        step = min(step * 4, _LAST_STEP)
    return found


def _scan(consumer: Any, tp: Any, partitions: int, source: str, label: str, bound: int) -> Delivered:
    consumer.assign([tp])
    start, end = consumer.beginning_offsets([tp])[tp], consumer.end_offsets([tp])[tp]
    floor = max(start, end - bound)
    found: list[Found] = []
    low, step = end, _FIRST_STEP
    while low > floor and len(found) < PROOF:
        high, low = low, max(floor, low - step)
        earlier = list(_read(consumer, tp, low, high, source))
        found = earlier + found
        step = min(step * 4, _LAST_STEP)
    _check_partitions(found, tp, partitions, label)
    lines = frozenset(record.line for record in found)
    bound_hit = low > start and len(found) < PROOF
    return Delivered(found[-1].line if len(found) >= PROOF else 0, lines, bound_hit)


def _read(consumer: Any, tp: Any, low: int, high: int, source: str) -> Iterator[Found]:
    """The source's records from offset ``low`` up to before ``high``, in order."""
    wanted = (HEADER_SOURCE, source.encode())
    for record in _records(consumer, tp, low, high):
        if wanted in record.headers:
            line = dict(record.headers).get(HEADER_LINE, b"")
            if line.isdigit() and record.key is not None:
                yield Found(int(line), record.key)


def _records(consumer: Any, tp: Any, low: int, high: int) -> Iterator[Any]:
    consumer.seek(tp, low)
    deadline = time.monotonic() + _SILENCE_SECONDS
    while (position := consumer.position(tp)) < high:
        for record in consumer.poll(timeout_ms=500, max_records=5_000).get(tp, ()):
            if record.offset < high:
                yield record
        if consumer.position(tp) > position:
            deadline = time.monotonic() + _SILENCE_SECONDS
        elif time.monotonic() > deadline:
            msg = (
                f"Kafka gave no records of {tp.topic}-{tp.partition} from offset {position} on "
                f"for {_SILENCE_SECONDS:.0f} s, so it is unknown what was sent; try again"
            )
            raise ResumeError(msg)


def _check_partitions(found: list[Found], tp: Any, partitions: int, label: str) -> None:
    for record in found:
        expected = partition_of(record.key, partitions)
        if expected != tp.partition:
            msg = (
                f"cannot resume {label}: line {record.line} lies in partition {tp.partition} of topic {tp.topic}, "
                f"but with its {partitions} partitions the key belongs in {expected}, so the partition count changed "
                "since; send everything again with --resend (event ids stay the same, the lake counts each once)"
            )
            raise ResumeError(msg)
