"""A replay: the records of a source into a topic, resumed where an earlier run stopped."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from producers.client import partition_count
from producers.delivered import Delivered
from producers.delivery import Delivery
from producers.emissions import EmissionRows, take_emission_header
from producers.lines import Block, Line, blocks, gathered
from producers.packer import Packed, Packer, Rows
from producers.rate import Schedule, portion
from producers.resume import SCAN_BOUND, delivered
from producers.signals import Interrupted, StopSignals
from producers.source import Source
from producers.tweets import TweetRows, take_tweet_header
from producers.worker import ALLOCATIONS
from producers.workers import Workers

Progress = Callable[["Sent"], None]
"""Told now and then how far the replay is, first when it is known what was sent before."""

_TELL_SECONDS = 0.1
_BLOCK_LINES = 10_000
_ALONE_UP_TO = 20_000.0
"""Records per second that one process sends with ease. Below, several would only make portions small."""


@dataclass(frozen=True)
class Format:
    """How a kind of source is read.

    Attributes:
        header: takes the header off the lines; gives the columns and the other lines.
        rows: made from columns and source id; turns lines into records.
        line_by_line: each line stands alone, so that several processes can read different ones.
    """

    header: Callable[[Iterable[Line], str], tuple[tuple[str, ...], Iterator[Line]]]
    rows: Callable[[tuple[str, ...], str], Rows]
    line_by_line: bool


TWEETS = Format(take_tweet_header, TweetRows, line_by_line=True)
EMISSIONS = Format(take_emission_header, EmissionRows, line_by_line=False)


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
        processes: how many make records ready; one more sends them when it is more than 1.
    """

    rate: float | None = None
    limit: int | None = None
    resend: bool = False
    scan_bound: int = SCAN_BOUND
    processes: int = 1


def replay_tweets(
    source: Source, *, bootstrap: str, topic: str, options: Options | None = None, progress: Progress | None = None
) -> Sent:
    """Replay a tab-separated tweet file; see ``replay``."""
    return replay(source, TWEETS, bootstrap, topic, options or Options(), progress)


def replay_emissions(
    source: Source, *, bootstrap: str, topic: str, options: Options | None = None, progress: Progress | None = None
) -> Sent:
    """Replay an emission CSV; see ``replay``."""
    return replay(source, EMISSIONS, bootstrap, topic, options or Options(), progress)


def replay(
    source: Source, kind: Format, bootstrap: str, topic: str, options: Options, progress: Progress | None
) -> Sent:
    """Send a source's records and wait until Kafka has them all.

    After a SIGINT or SIGTERM it sends no more, waits for what is under way, and returns with ``signal`` set.

    Raises:
        InputError: the source is not what its format wants.
        ServiceError: Kafka does not answer.
        TopicError: there is no such topic.
        ResumeError: it cannot tell what was sent before.
        WorkerError: one of several processes ended.
        DeliveryError: Kafka refused a record, or does not confirm.
    """
    sent = Sent(source.id)
    began = time.monotonic()
    with StopSignals() as stop, _rare_collections():
        partitions = partition_count(bootstrap, topic)
        before = _before(source, bootstrap, topic, partitions, options, sent)
        if progress:
            progress(sent)
        delivery = Delivery(bootstrap, topic, source.label, stop)
        try:
            with closing(_packed(source, kind, before, options, stop, sent)) as packed:
                _send(packed, delivery, options, stop, sent, progress)
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
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _packed(
    source: Source, kind: Format, before: list[Delivered], options: Options, stop: StopSignals, sent: Sent
) -> Generator[Packed]:
    """The source's records in batches, up to the limit."""
    most = _BLOCK_LINES if options.rate is None else min(_BLOCK_LINES, portion(options.rate))
    columns, lines = _without_header(
        blocks(gathered(stop.interruptible(source.chunks()), source.ready)), kind, source.label
    )
    packer = Packer(kind.rows(columns, source.id), before)
    parts = (part for block in lines for part in block.parts(most))

    def left() -> int | None:
        return None if options.limit is None else options.limit - sent.sent

    if options.processes == 1 or not kind.line_by_line or (options.rate or _ALONE_UP_TO) < _ALONE_UP_TO:
        for part in parts:
            yield packer.pack(part, left())
        yield packer.rest(left())
        return
    with Workers(options.processes, packer, stop) as workers:
        for part, packed in workers.pack(parts, source.ready):
            rest = left()
            yield packed if rest is None or packed.sent <= rest else packer.pack(part, rest)


def _without_header(source: Iterator[Block], kind: Format, label: str) -> tuple[tuple[str, ...], Iterator[Block]]:
    """The columns, and the blocks without the line that names them."""
    first = next(source, None)
    columns, _ = kind.header(first.lines() if first else (), label)
    return columns, _from_line_1(first, source)


def _from_line_1(first: Block | None, others: Iterator[Block]) -> Iterator[Block]:
    if first is not None and first.length is None:
        _, _, body = first.body.partition(b"\n")
        if body:
            yield Block(first.first + 1, body)
    yield from others


def _send(
    packed: Iterator[Packed],
    delivery: Delivery,
    options: Options,
    stop: StopSignals,
    sent: Sent,
    progress: Progress | None,
) -> None:
    schedule = Schedule(options.rate) if options.rate else None
    tell_at = 0.0
    try:
        for part in packed:
            if schedule and part.sent:
                with stop.waiting():
                    schedule.wait(sent.sent + part.sent - 1)
            for batch in part.batches:
                delivery.send(batch)
            sent.sent += part.sent
            sent.skipped += part.skipped
            sent.malformed += part.malformed
            if progress and time.monotonic() > tell_at:
                progress(sent)
                tell_at = time.monotonic() + _TELL_SECONDS
            if sent.sent == options.limit or stop.signal is not None:
                break
    except Interrupted:
        pass  # what was sent before the signal still arrives, and `Sent` tells of the signal


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
