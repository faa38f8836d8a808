"""How contests are shown and kept: a table each, and one JSON with the newest results of every section."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.result import about
from bench.rivals.contest import Measure, Run, Section
from bench.rivals.errors import ContestError
from bench.rivals.verdict import Win, disagreements, ratio, spread_of, wins
from tideline.settings import Settings

VERSIONS = (
    "pyspark",
    "delta-spark",
    "deltalake",
    "pyarrow",
    "kafka-python",
    "great-expectations",
    "confluent-kafka",
    "polars",
    "duckdb",
    "quixstreams",
    "bytewax",
)


@dataclass(frozen=True)
class Contest:
    """A section and its runs."""

    section: Section
    runs: Sequence[Run]


def show(contest: Contest, console: Console) -> None:
    """Print the table of a contest, what each contender is, who wins, and what went wrong."""
    section, runs = contest.section, contest.runs
    table = Table(title=f"{section.name}: {section.question}", title_justify="left", caption_justify="left")
    table.add_column("contender")
    for measure in section.measures:
        table.add_column(f"{measure.name}, {measure.unit}", justify="right")
    table.add_column("runs", justify="right")
    for contender in section.contenders:
        cells = [_cell(contest, contender.name, measure) for measure in section.measures]
        table.add_row(contender.name, *cells, counted(runs, contender.name))
    console.print(table)
    for contender in section.contenders:
        console.print(f"  {contender.name}: {contender.note}", style="dim", markup=False, highlight=False)
    for win in wins(section, runs):
        console.print(f"  {win.sentence()}", style="green" if win.ours_wins else "bold red", markup=False)
    for problem in problems(runs):
        console.print(f"  {escape(problem)}", style="red", highlight=False)
    if section.proof is not None and not disagreements(runs) and any(run.proof for run in runs):
        console.print("  Equal rows and checksums by an independent reader.", style="green")


def counted(runs: Sequence[Run], contender: str) -> str:
    """How many runs of a contender there were, and how many failed."""
    own = [run for run in runs if run.contender == contender]
    failed = sum(run.error is not None for run in own)
    return f"{len(own)}, {failed} failed" if failed else str(len(own))


def problems(runs: Sequence[Run]) -> list[str]:
    """What failed, a sentence per run."""
    return [f"{run.contender}, run {run.number}: {run.error}" for run in runs if run.error is not None]


Results = dict[str, dict[str, Any]]
"""Sections by name, as the JSON has them: when and where they were measured, medians and ranges, and each run."""


def read_results(path: Path) -> Results:
    """What earlier contests left in the JSON; nothing where there is none.

    Raises:
        ContestError: the file is something else, and would be overwritten.
    """
    if not path.exists():
        return {}
    try:
        return {section["name"]: section for section in json.loads(path.read_text())["sections"] if section["measured"]}
    except (ValueError, LookupError, TypeError) as error:
        msg = f"{path} does not hold results of contests: move it away, or name another file by --json"
        raise ContestError(msg) from error


def write_results(results: Results, path: Path) -> None:
    """Write the JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"sections": list(results.values())}, indent=2) + "\n")


def result_of(contest: Contest, settings: Settings) -> dict[str, Any]:
    """A contest as the JSON has it: machine, versions, settings without secrets, and each run."""
    section, runs = contest.section, contest.runs
    return {
        "name": section.name,
        "question": section.question,
        "measured": about(VERSIONS) | {"settings": repr(settings)},
        "contenders": [
            {"name": c.name, "note": c.note, "measures": {m.name: _spread(runs, c.name, m) for m in section.measures}}
            for c in section.contenders
        ],
        "measures": [{"name": m.name, "unit": m.unit, "more_wins": m.more_wins} for m in section.measures],
        "wins": [_win(win) for win in wins(section, runs)],
        "runs": [asdict(run) for run in runs],
    }


def amount(value: float) -> str:
    """A value with as many digits as say something.

    >>> [amount(value) for value in (123456.7, 12.34, 0.01234)]
    ['123,457', '12.3', '0.012']
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.3f}"


def _cell(contest: Contest, contender: str, measure: Measure) -> str:
    found = spread_of(contest.runs, contender, measure)
    if found is None:
        return "-"
    first = contest.section.contenders[0].name
    share = ratio(found, spread_of(contest.runs, first, measure))
    times = "" if share is None or contender == first else f" x{share:.2f}"
    text = f"{amount(found.median)} ({amount(found.low)} - {amount(found.high)}){times}"
    best = any(win.winner == contender and win.measure == measure.name for win in wins(contest.section, contest.runs))
    return f"[bold]{text}[/bold]" if best else text


def _spread(runs: Sequence[Run], contender: str, measure: Measure) -> dict[str, Any] | None:
    found = spread_of(runs, contender, measure)
    return asdict(found) if found else None


def _win(win: Win) -> dict[str, Any]:
    return asdict(win) | {"ours_wins": win.ours_wins, "sentence": win.sentence()}
