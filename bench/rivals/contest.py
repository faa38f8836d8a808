"""A contest: contenders in processes of their own, run in turns; what each cost, and whether all made the same.

A section's module, in ``bench.rivals.streams`` or ``bench.rivals.tables``, offers ``section(settings, scale)``: a
context manager that prepares what all share (broker, topic, tables) and yields a ``Section``, or a list of them. It
imports no rival: only the contenders' processes do. Names of our own contenders begin with ``ours``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.meter import Cost, Meter
from bench.rivals.errors import ContestError

SAID = 600
"""So many characters of what a failed contender said last are kept."""


@dataclass(frozen=True)
class Scale:
    """How large a contest is; a section takes what concerns it.

    Attributes:
        records: Kafka records to produce, drain and catch up with.
        seconds: how long an open-loop load lasts, after its warm-up.
        rates: records per second of that load.
        commits: commits of the section on growth.
        files: files of the section on compaction.
        rows: rows of the section on gold; the one on validation takes the first.
    """

    records: int = 3_000_000
    seconds: int = 600
    rates: tuple[int, ...] = (500, 1000, 5000)
    commits: int = 5000
    files: int = 2000
    rows: tuple[int, ...] = (3_000_000, 30_000_000)


@dataclass(frozen=True)
class Contender:
    """One who runs.

    Attributes:
        name: as the table shows it.
        note: how it was tuned, and what is odd about it.
        command: from the fresh working folder of a run to the command. The last line of its stdout is a JSON object:
            ``rows``; ``seconds``, ``cpu_seconds``, ``peak_bytes``, ``server_cpu_seconds`` where it measured itself
            (a warm pass) instead of being measured as a whole; ``series``, lists of points to plot, by name; everything
            else that is a number is a figure.
    """

    name: str
    note: str
    command: Callable[[Path], list[str]]


@dataclass(frozen=True)
class Proof:
    """What an independent reader found in a working folder: how many rows, and a digest of what they hold."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class Run:
    """One run of one contender; one that failed has an error, and is shown as well.

    Attributes:
        contender: who ran.
        number: the contender's how manieth run, from 1.
        rows: rows that it says it made.
        seconds: wall time of the process, start included, unless it says otherwise.
        cpu_seconds: user and system time of its whole process tree.
        peak_bytes: the highest sum of resident memory of the tree.
        server_cpu_seconds: CPU of named servers meanwhile, by name.
        figures: what else it said.
        series: points to plot, by name.
        proof: what the independent reader found; none where the section has no reader.
        error: why it does not count.
    """

    contender: str
    number: int
    rows: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    server_cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    proof: Proof | None = None
    error: str | None = None


@dataclass(frozen=True)
class Measure:
    """A column of the table; none for a run that has no such value.

    Attributes:
        name: its heading.
        unit: of the values.
        more_wins: whether the highest value wins, and not the lowest.
        of: the value of a run.
    """

    name: str
    unit: str
    more_wins: bool
    of: Callable[[Run], float | None]


def figure(name: str, unit: str, *, more_wins: bool = False) -> Measure:
    """A measure that the contenders report under its name."""
    return Measure(name, unit, more_wins, lambda run: run.figures.get(name))


RATE = Measure("rate", "rows/s", True, lambda run: run.rows / run.seconds if run.seconds else None)
CPU = Measure("CPU", "s per million rows", False, lambda run: run.cpu_seconds / run.rows * 1e6 if run.rows else None)
SECONDS = Measure("time", "s", False, lambda run: run.seconds)
CPU_SECONDS = Measure("CPU", "s", False, lambda run: run.cpu_seconds)
MEMORY = Measure("memory", "MiB at most", False, lambda run: run.peak_bytes / 2**20)


@dataclass(frozen=True)
class Section:
    """One question and those who answer it.

    Attributes:
        name: of the section.
        question: what is measured, in a sentence, with the scale.
        contenders: ratios are reckoned to the first, ours.
        measures: the columns of the table; the first is the headline.
        environment: of the contenders' processes; settings included.
        servers: names and process ids of servers whose CPU is told apart.
        proof: an independent reader of a working folder; it must not be the contenders' own code. Given the folder
            and what the contender said; it may answer that there is nothing to compare.
        limit_seconds: a run that takes longer is stopped and has failed.
    """

    name: str
    question: str
    contenders: Sequence[Contender]
    measures: Sequence[Measure] = (RATE, CPU, MEMORY)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    servers: Mapping[str, int] = field(default_factory=dict)
    proof: Callable[[Path, Mapping[str, Any]], Proof | None] | None = None
    limit_seconds: float = 1800


Told = Callable[[str], None]
"""Called with one line before each run."""


def turns(contenders: Sequence[Contender], runs: int) -> list[Contender]:
    """The order of the runs: A B C, C B A, A B C, …: what drifts with time hits all alike.

    >>> from bench.rivals.contest import Contender
    >>> names = [Contender(name, "", lambda _: []) for name in "AB"]
    >>> "".join(contender.name for contender in turns(names, 4))
    'ABBAABBA'
    """
    return [contender for turn in range(runs) for contender in (contenders[::-1] if turn % 2 else contenders)]


def race(section: Section, runs: int, told: Told = lambda _: None) -> list[Run]:
    """Run every contender so many times, in turns; what failed is among the results, with its error."""
    done: list[Run] = []
    for contender in turns(section.contenders, runs):
        number = 1 + sum(run.contender == contender.name for run in done)
        told(f"{section.name}: {contender.name}, run {number} of {runs}")
        done.append(run_once(section, contender, number))
    return done


def run_once(section: Section, contender: Contender, number: int) -> Run:
    """Run a contender in a fresh folder, which is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tideline-rivals-"))
    try:
        said, cost, servers = _measured(section, contender.command(folder), folder)
        proof = section.proof(folder, said) if section.proof else None
    except ContestError as error:
        return Run(contender.name, number, error=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return run_of(contender.name, number, said, cost, servers, proof)


def run_of(
    contender: str, number: int, said: Mapping[str, Any], cost: Cost, servers: Mapping[str, float], proof: Proof | None
) -> Run:
    """What a process said and what it cost, as one run; what it measured itself goes before what was seen from here."""
    rows = int(said.get("rows", 0))
    wrong = proof is not None and proof.rows != rows
    own = ("rows", "seconds", "cpu_seconds", "peak_bytes", "server_cpu_seconds")
    return Run(
        contender,
        number,
        rows,
        float(said.get("seconds", cost.seconds)),
        float(said.get("cpu_seconds", cost.cpu_seconds)),
        int(said.get("peak_bytes", cost.peak_bytes)),
        said.get("server_cpu_seconds", servers),
        {
            name: float(value)
            for name, value in said.items()
            if name not in own and isinstance(value, int | float) and not isinstance(value, bool)
        },
        said.get("series", {}),
        proof,
        f"it says {rows:,} rows, the independent reader found {proof.rows:,}" if wrong and proof else None,
    )


def _measured(section: Section, command: list[str], folder: Path) -> tuple[dict[str, Any], Cost, dict[str, float]]:
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("wb") as stdout, err.open("wb") as stderr, ExitStack() as stack:
        meters = {name: stack.enter_context(Meter([pid])) for name, pid in section.servers.items()}
        process = subprocess.Popen(
            command, env=dict(section.environment), stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
        )
        with Meter([process.pid]) as meter, _ended(process):
            _wait(process, section.limit_seconds)
    if process.returncode:
        msg = f"ended with {process.returncode}: {_tail(err) or _tail(out)}"
        raise ContestError(msg)
    return _last_object(out), meter.cost, {name: each.cost.cpu_seconds for name, each in meters.items()}


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave nothing running of a process that is still there: its JVM either."""
    try:
        yield
    finally:
        if process.poll() is None:
            for each in (*psutil.Process(process.pid).children(recursive=True), process):
                each.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        msg = f"was stopped after {seconds:.0f} s"
        raise ContestError(msg) from error


def _last_object(out: Path) -> dict[str, Any]:
    lines = out.read_text().splitlines()
    try:
        found = json.loads(lines[-1])
    except (IndexError, json.JSONDecodeError) as error:
        msg = f"its last line is no JSON object but {lines[-1][:SAID] if lines else 'nothing'!r}"
        raise ContestError(msg) from error
    return dict(found)


def _tail(file: Path) -> str:
    return file.read_text(errors="replace").strip()[-SAID:]
