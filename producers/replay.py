"""A replay: the records of a source into a topic, resumed where an earlier run stopped."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from producers.client import partition_count
from producers.delivery import MARK_RECORDS, Delivery
from producers.emissions import emission_records
from producers.lines import Line, split_lines
from producers.partition import partition_of
from producers.rate import Schedule
from producers.records import JSON_HEADERS, Headers, Record
from producers.resume import SCAN_BOUND, Delivered, delivered
from producers.signals import Interrupted, StopSignals
from producers.source import Source
from producers.tweets import tweet_records

Reader = Callable[[Iterable[Line], str, str], Iterator[Record]]
"""Lines, source id and label into records."""

Progress = Callable[["Sent"], None]
"""Told now and then how far the replay is, first when it is known what was sent before."""

_TELL_EVERY = 512
_ALLOCATIONS = 50_000
_TELL_BEFORE_SECONDS = 0.05


@dataclass
class Sent:
    """What a replay did.

    Attributes:
        source: the source's id, as in the ``source`` header.
        sent: records sent by this run; all of them arrived when the replay returns.
        skipped: lines that the topic held already.
        malformed: of those sent, lines that went raw.
        seconds: how long it took.
        signal: the number of the signal that ended it early.
        notes: what the user should know, one sentence each.
    """

    source: str
    sent: int = 0
    skipped: int = 0
    malformed: int = 0
    seconds: float = 0.0
    signal: int | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Options:
    """How to replay.

    Attributes:
        rate: records per second; None for as fast as it goes.
        limit: records to send in this run; lines that the topic held already do not count.
        resend: send every line, whatever the topic holds.
        scan_bound: records per partition to look back for a resume.
    """

    rate: float | None = None
    limit: int | None = None
    resend: bool = False
    scan_bound: int = SCAN_BOUND


def replay_tweets(
    source: Source, *, bootstrap: str, topic: str, options: Options | None = None, progress: Progress | None = None
) -> Sent:
    """Replay a tab-separated tweet file; see ``replay``."""
    return replay(source, tweet_records, bootstrap, topic, options or Options(), progress)


def replay_emissions(
    source: Source, *, bootstrap: str, topic: str, options: Options | None = None, progress: Progress | None = None
) -> Sent:
    """Replay an emission CSV; see ``replay``."""
    return replay(source, emission_records, bootstrap, topic, options or Options(), progress)


def replay(
    source: Source, read: Reader, bootstrap: str, topic: str, options: Options, progress: Progress | None
) -> Sent:
    """Send a source's records and wait until Kafka has them all.

    After a SIGINT or SIGTERM it sends no more, waits for what is under way, and returns with ``signal`` set.

    Raises:
        InputError: the source is not what ``read`` wants.
        ServiceError: Kafka does not answer.
        TopicError: there is no such topic.
        ResumeError: it cannot tell what was sent before.
        DeliveryError: Kafka refused a record, or does not confirm.
    """
    sent = Sent(source.id)
    began = time.monotonic()
    with StopSignals() as stop, _rare_collections():
        partitions = partition_count(bootstrap, topic)
        before = _before(source, bootstrap, topic, partitions, options, sent)
        if progress:
            progress(sent)
        delivery = Delivery(bootstrap, topic, source.label, stop, mark_records=_mark_records(options.rate))
        try:
            records = read(split_lines(stop.interruptible(source.chunks())), source.id, source.label)
            _send(records, delivery, before, options, stop, sent, progress)
            delivery.finish()
        finally:
            delivery.close()
        sent.signal = stop.signal
    sent.seconds = time.monotonic() - began
    if progress:
        progress(sent)
    return sent


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for reference cycles less often: among records under way that costs 5 to 10 % and finds none."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _send(
    records: Iterable[Record],
    delivery: Delivery,
    before: list[Delivered],
    options: Options,
    stop: StopSignals,
    sent: Sent,
    progress: Progress | None,
) -> None:
    schedule = Schedule(options.rate) if options.rate else None
    try:
        for record in _not_delivered(records, before, sent, progress):
            if schedule:
                _wait(schedule, sent, stop, progress)
            delivery.send(*record)
            sent.sent += 1
            if len(record[4]) > JSON_HEADERS:
                sent.malformed += 1
            if sent.sent == options.limit:
                break
    except Interrupted:
        pass  # what was sent before the signal still arrives, and `Sent` tells of the signal


def _not_delivered(
    records: Iterable[Record], before: list[Delivered], sent: Sent, progress: Progress | None
) -> Iterator[tuple[int, int, bytes, bytes, Headers]]:
    """Line, partition, key, value and headers of each record that the topic does not hold yet."""
    partitions = len(before)
    newest = max(part.newest for part in before)
    for line, key, value, headers in records:
        partition = partition_of(key, partitions)
        if line <= newest and before[partition].has(line):
            sent.skipped += 1
        else:
            yield line, partition, key, value, headers
        if progress and not line % _TELL_EVERY:
            progress(sent)


def _wait(schedule: Schedule, sent: Sent, stop: StopSignals, progress: Progress | None) -> None:
    left = schedule.delay(sent.sent)
    if left <= 0:
        return
    if progress and left > _TELL_BEFORE_SECONDS:
        progress(sent)
    with stop.waiting():
        schedule.wait(sent.sent)


def _before(
    source: Source, bootstrap: str, topic: str, partitions: int, options: Options, sent: Sent
) -> list[Delivered]:
    if options.resend:
        return [Delivered()] * partitions
    if not source.resumable:
        sent.notes.append(f"{source.label} cannot be resumed: all of it is sent, whatever topic {topic} holds")
        return [Delivered()] * partitions
    before = delivered(bootstrap, topic, partitions, source.id, source.label, options.scan_bound)
    if any(part.bound_hit for part in before):
        sent.notes.append(
            f"the newest {options.scan_bound:,} records of each partition of topic {topic} do not tell how far "
            f"{source.label} was sent before: what they do not show is sent (the lake counts each event once)"
        )
    return before


def _mark_records(rate: float | None) -> int:
    """Records between two checks that Kafka answers: at a slow rate about a second's worth."""
    return MARK_RECORDS if rate is None else max(1, min(MARK_RECORDS, round(rate)))
