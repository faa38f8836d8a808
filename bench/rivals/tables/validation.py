"""Validation: the same expectations of bronze and silver, asked in five ways; equal when every verdict is.

Each contender writes ``<folder>/verdicts.json``: by table, expectation and column whether it holds. One of them does
not hold, as planted. PyDeequ is not among them: ``docs/benchmarks.md`` says why.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.rivals.contest import CPU_SECONDS, MEMORY, SECONDS, Contender, Proof, Scale, Section, figure
from bench.rivals.errors import ContestError
from tideline.settings import Settings

MOST_ROWS = 1_000_000

WAYS = {
    "ours": ("ours", "our suites of both tables, as the step `validate_silver` asks them"),
    "step": ("ours, whole step", "with figures that compare the tables, records of every outcome, and Data Docs"),
    "gx": ("Great Expectations", "a validation definition per table, as documented; Spark's defaults"),
    "gx-tuned": ("Great Expectations, our Spark", "the same on a session with our configuration"),
    "aggregate": (
        "hand-written aggregate",
        "one aggregate per table that counts what breaks a rule; our configuration",
    ),
}


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[Section]:
    """Bronze and silver of emissions, a tenth without a format."""
    lake, rows = replace(settings, home=settings.home / "validation"), min(scale.rows[0], MOST_ROWS)
    tables = lake.home / "lake"
    try:
        _generate(lake, rows, tables)
        yield Section(
            name="validation",
            question=f"The expectations of bronze and silver over {rows:,} rows of bronze, all verdicts equal",
            contenders=[Contender(name, note, _command(way, tables)) for way, (name, note) in WAYS.items()],
            measures=(CPU_SECONDS, SECONDS, MEMORY, figure("jobs", "Spark jobs")),
            environment=lake.environment(),
            proof=_proof,
        )
    finally:
        shutil.rmtree(lake.home, ignore_errors=True)


def _generate(lake: Settings, rows: int, tables: Path) -> None:
    command = [sys.executable, "-m", "bench.rivals.tables.validation_ways", "generate", str(rows), str(tables)]
    done = subprocess.run(command, env=lake.environment(), capture_output=True, text=True)
    if done.returncode:
        msg = f"the tables to validate cannot be generated: {done.stderr[-1000:]}"
        raise ContestError(msg)


def _command(way: str, tables: Path) -> Callable[[Path], list[str]]:
    return lambda folder: [sys.executable, "-m", "bench.rivals.tables.validation_ways", way, str(tables), str(folder)]


def _proof(folder: Path, _: Mapping[str, Any]) -> Proof:
    verdicts: dict[str, bool] = json.loads((folder / "verdicts.json").read_text())
    told = json.dumps(verdicts, sort_keys=True).encode()
    held = sum(verdicts.values())
    return Proof(len(verdicts), f"{held} hold, {len(verdicts) - held} do not: {hashlib.sha256(told).hexdigest()[:16]}")
