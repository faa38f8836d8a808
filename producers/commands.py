"""The producers' commands, free of any option parser: plain values in, one line of result on the console."""

from __future__ import annotations

import gzip
import json
import sys
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console

from producers.display import Display
from producers.emission_rows import SyntheticEmissions
from producers.endless import seeds_from
from producers.rate import parse_rate
from producers.replay import EMISSIONS, TWEETS, Format, Options, Sent, replay
from producers.source import Source, file_source, generated_source, stored_source, stream_source
from producers.synthetic import DAYS, SyntheticTweets
from tideline.errors import InputError
from tideline.settings import S3A, Settings

EMISSION_ROWS = 1_000
"""Rows of an emission run when nobody says how many."""

SEED = 1
"""The seed of a generator when nobody gives one."""


@dataclass(frozen=True)
class Stored:
    """A file in the store, read from there: a path, or ``s3a://bucket/key``."""

    settings: Settings
    path: str


Run = SyntheticTweets | SyntheticEmissions


@dataclass(frozen=True)
class Target:
    """Where a command sends, and how.

    Attributes:
        bootstrap: ``host:port`` of Kafka.
        topic: the topic.
        rate: records per second as text, ``500/s`` or ``500``; None for as fast as it goes.
        limit: records to send in this run, at most.
        resend: send what the topic holds already, too.
        processes: how many make tweets ready for Kafka.
    """

    bootstrap: str
    topic: str
    rate: str | None = None
    limit: int | None = None
    resend: bool = False
    processes: int = 1


@dataclass(frozen=True)
class Generated:
    """What a command generates.

    Attributes:
        count: lines or rows.
        seed: the same seed gives the same data.
        output: a file to write it to, packed when its name ends in ``.gz``.
        planted: a JSON file for the exact numbers of what was planted.
        send: whether it goes to Kafka; without an answer it does unless there is an ``output``.
        endless: goes on with the next seed when all is sent, until a signal ends it.
        days: how many days tweets spread over.
        quiet: whether tweets come without bursts.
    """

    count: int
    seed: int = SEED
    output: Path | None = None
    planted: Path | None = None
    send: bool | None = None
    endless: bool = False
    days: int = DAYS
    quiet: bool = False


def origin_of(settings: Settings, text: str) -> str | Stored:
    """What a user names as input: a file here, standard input (``-``), or an object of the store (``s3a://…``)."""
    return Stored(settings, text) if text.startswith(S3A) else text


def produce_tweets(
    target: Target, origin: str | Stored | Generated, console: Console, source_name: str | None = None
) -> Sent | None:
    """Send tweets from a file (``-`` is standard input) or a generator.

    Args:
        target: where to.
        origin: the file's path, a file in the store, or what to generate.
        console: for progress and the result; standard error, as a rule.
        source_name: a name for standard input; event ids of its malformed lines are made from it.

    Returns:
        What was sent, or None when a file was written only.

    Raises:
        TidelineError: whatever a user has to know.
    """
    if isinstance(origin, Generated) and origin.endless:
        return _send_endlessly(origin, _synthetic_tweets, TWEETS, target, console)
    source = _source(origin, _synthetic_tweets, console, source_name)
    return _send(source, TWEETS, target, console)


def produce_emissions(
    target: Target, origin: str | Stored | Generated, console: Console, source_name: str | None = None
) -> Sent | None:
    """Send emission rows from a CSV file (``-`` is standard input) or a generator; see ``produce_tweets``."""
    if isinstance(origin, Generated) and origin.endless:
        return _send_endlessly(origin, _synthetic_emissions, EMISSIONS, target, console)
    source = _source(origin, _synthetic_emissions, console, source_name)
    return _send(source, EMISSIONS, target, console)


def exit_code(sent: Sent | None) -> int:
    """0, or 128 and the number of the signal that ended the run."""
    return 128 + sent.signal if sent is not None and sent.signal is not None else 0


def _source(
    origin: str | Stored | Generated, generator: Callable[[Generated], Run], console: Console, name: str | None
) -> Source | None:
    if isinstance(origin, Generated):
        return _generate(origin, generator, console)
    if origin == "-":
        return stream_source(open(sys.stdin.fileno(), "rb", closefd=False), name)
    if isinstance(origin, Stored):
        with console.status(f"reading {origin.path}"):
            return stored_source(origin.settings, origin.path)
    with console.status(f"reading {origin}"):
        return file_source(Path(origin))


def _synthetic_tweets(wanted: Generated) -> SyntheticTweets:
    if wanted.days < 1:
        msg = f"cannot spread tweets over {wanted.days} days: give 1 or more"
        raise InputError(msg)
    return SyntheticTweets(wanted.count, wanted.seed, days=wanted.days, quiet=wanted.quiet)


def _synthetic_emissions(wanted: Generated) -> SyntheticEmissions:
    return SyntheticEmissions(wanted.count, wanted.seed)


def _send_endlessly(
    wanted: Generated, generator: Callable[[Generated], Run], kind: Format, target: Target, console: Console
) -> Sent | None:
    """Send run after run until a signal comes."""
    if wanted.output is not None or wanted.planted is not None or target.limit is not None:
        msg = "what has no end cannot be written to a file or limited: leave out either --endless or the other option"
        raise InputError(msg)
    _check_countable(wanted)
    sent: Sent | None = None
    seeds = seeds_from(
        target.bootstrap, target.topic, lambda seed: generator(replace(wanted, seed=seed)).planted.run, wanted.seed
    )
    while sent is None or sent.signal is None:
        source = _generate(replace(wanted, seed=next(seeds)), generator, console)
        sent = _send(source, kind, target, console)
    return sent


def _generate(wanted: Generated, generator: Callable[[Generated], Run], console: Console) -> Source | None:
    _check_countable(wanted)
    run = generator(wanted)
    if wanted.planted is not None:
        _write(wanted.planted, [json.dumps(asdict(run.planted), indent=2, ensure_ascii=False).encode() + b"\n"])
    if wanted.output is not None:
        _write(wanted.output, run.chunks())
        console.print(f"{wanted.count:,} lines written to {wanted.output}", highlight=False)
    send = wanted.send if wanted.send is not None else wanted.output is None
    return generated_source(run.planted.run, run.chunks) if send else None


def _check_countable(wanted: Generated) -> None:
    if wanted.count < 1 or wanted.seed < 0:
        msg = f"cannot generate {wanted.count} lines with seed {wanted.seed}: give 1 or more, and a seed from 0 on"
        raise InputError(msg)


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with gzip.open(part, "wb") if path.suffix == ".gz" else part.open("wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
        part.replace(path)
    except OSError as err:
        msg = f"cannot write {path}: {err.strerror}; name a file in a folder that can be written"
        raise InputError(msg) from err


def _send(source: Source | None, kind: Format, target: Target, console: Console) -> Sent | None:
    if source is None:
        return None
    if target.limit is not None and target.limit < 1:
        msg = f"the limit {target.limit} is not a number of records above 0"
        raise InputError(msg)
    rate = parse_rate(target.rate) if target.rate is not None else None
    if target.processes < 1:
        msg = f"{target.processes} processes can send nothing: give 1 or more"
        raise InputError(msg)
    options = Options(rate, target.limit, target.resend, processes=target.processes)
    with Display(console, source, target.topic, target.limit) as display:
        sent = replay(source, kind, target.bootstrap, target.topic, options, display.update)
    console.print(_summary(sent, target.topic, source.resumable), highlight=False)
    return sent


def _summary(sent: Sent, topic: str, resumable: bool) -> str:
    parts = [f"{sent.sent:,} records sent to topic {topic} in {sent.seconds:.1f} s"]
    if sent.sent:
        parts[0] += f" ({sent.sent / sent.seconds:,.0f}/s)"
    if sent.malformed:
        parts.append(f"{sent.malformed:,} of them malformed lines, sent as they are")
    if sent.skipped:
        parts.append(f"{sent.skipped:,} skipped that were there already (--resend sends them again)")
    if sent.signal is not None:
        parts.append("stopped by a signal" + (": the same command goes on from here" if resumable else ""))
    return "; ".join(parts)
