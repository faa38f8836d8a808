"""``python -m bench.smoke``: ratios of CPU time against the stored ones, in about a minute; it warns and never fails.

A ratio of two ways in one process hardly depends on the machine or on what else runs there. Where ours got slower and
the other way did not, it rises.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tideline.settings import Settings

STORED = Path(str(files("bench") / "smoke.json"))
MARGIN = 1.6
"""A ratio may be so many times the stored one before there is a warning."""


@dataclass(frozen=True)
class Verdict:
    """A ratio, ours to the other way, beside the stored one; either may be missing."""

    name: str
    measured: float | None
    stored: float | None

    @property
    def said(self) -> str:
        """What to make of it."""
        if self.measured is None:
            return "WARNING: not measured"
        if self.stored is None:
            return "WARNING: no ratio is stored, python -m bench.smoke --store"
        if self.measured > MARGIN * self.stored:
            return f"WARNING: {self.measured / self.stored:.1f} times the stored ratio"
        if self.measured * MARGIN < self.stored:
            return f"better, {self.stored / self.measured:.1f} times; store it: python -m bench.smoke --store"
        return "as stored"


def compare(measured: dict[str, float], stored: dict[str, float]) -> list[Verdict]:
    """A verdict for each ratio that was measured or is stored.

    >>> [verdict.said for verdict in compare({"a": 3.4}, {"a": 2.0, "b": 1.0})]
    ['WARNING: 1.7 times the stored ratio', 'WARNING: not measured']
    """
    return [Verdict(name, measured.get(name), stored.get(name)) for name in sorted(measured | stored)]


def main() -> None:
    """Measure in a process of its own, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m bench.smoke", description=__doc__)
    parser.add_argument("--store", action="store_true", help="make the measured ratios the stored ones")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 110)
    with tempfile.TemporaryDirectory(prefix="tideline-smoke-") as home:
        # Not this user's settings: the stored ratios are of these.
        measured, problem = _measure(Settings(home=Path(home), spark_master="local[2]", driver_memory="1g"))
    if problem:
        console.print(f"WARNING: bench-smoke could not measure: {problem}", markup=False, highlight=False)
    if arguments.store and not problem:
        STORED.write_text(json.dumps({name: round(ratio, 2) for name, ratio in measured.items()}, indent=2) + "\n")
    show(compare(measured, json.loads(STORED.read_text())), console)


def _measure(settings: Settings) -> tuple[dict[str, float], str]:
    """The ratios, and why there are none."""
    command = [sys.executable, "-m", "bench.smoke_ways"]
    done = subprocess.run(command, env=settings.environment(), capture_output=True, text=True)
    if done.returncode:
        return {}, done.stderr[-1000:]
    ratios: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return ratios, ""


def show(verdicts: list[Verdict], console: Console) -> None:
    """Print the verdicts."""
    table = Table(title=f"CPU time, ours : another way; a warning from {MARGIN} times the stored ratio on")
    for heading in ("what", "ratio", "stored", ""):
        table.add_column(heading, justify="right" if heading in ("ratio", "stored") else "left")
    for verdict in verdicts:
        numbers = (f"{number:.2f}" if number is not None else "-" for number in (verdict.measured, verdict.stored))
        table.add_row(verdict.name, *numbers, verdict.said)
    console.print(table)


if __name__ == "__main__":
    main()
