"""``python -m bench.rivals``: contests between Tideline and what else does the same, on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from rich.console import Console

from bench.rivals.contest import Scale, Section, race
from bench.rivals.page import write_page
from bench.rivals.report import Contest, show, write_json
from bench.rivals.verdict import with_disagreements
from tideline.errors import TidelineError
from tideline.settings import Settings, load_settings

SECTIONS = ("produce", "drain", "restart", "freshness", "growth", "compaction", "gold", "validation")
WIDTH = 160
"""Of a table in a log, where there is no terminal to ask."""


def main() -> int:
    """Hold the contests; print tables, write JSON and page. A section that cannot be held is told, the others go on."""
    arguments = _arguments()
    # Stopped from outside it still stops its broker and its contenders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    console = Console(stderr=True)
    try:
        settings = load_settings()
    except TidelineError as error:
        console.print(f"error: {error}", style="red", highlight=False)
        return 1
    contests: list[Contest] = []
    failed = False
    for name in arguments.sections.split(","):
        try:
            _hold(name, settings, arguments, contests)
        except TidelineError as error:
            console.print(f"error: {name}: {error}", style="red", highlight=False)
            failed = True
    return int(failed)


def _hold(name: str, settings: Settings, arguments: argparse.Namespace, contests: list[Contest]) -> None:
    console = Console(stderr=True)
    with console.status(f"preparing {name}") as status:
        module = import_module(f"bench.rivals.{name}")
        with module.section(settings, _scale(arguments)) as found:
            sections: list[Section] = [found] if isinstance(found, Section) else list(found)
            for section in sections:
                runs = race(_some(section, arguments.contenders), arguments.runs, status.update)
                contest = Contest(_some(section, arguments.contenders), with_disagreements(runs))
                contests.append(contest)
                show(contest, Console(width=None if sys.stdout.isatty() else WIDTH))
                # After each, so that a long contest that is stopped leaves what came before it.
                write_json(contests, settings, arguments.json or settings.home / "rivals.json")
                write_page(contests, arguments.html or settings.home / "rivals.html")


def _some(section: Section, words: str) -> Section:
    chosen = [c for c in section.contenders if not words or any(word in c.name for word in words.split(","))]
    return replace(section, contenders=chosen)


def _scale(arguments: argparse.Namespace) -> Scale:
    return Scale(
        arguments.records,
        arguments.seconds,
        tuple(int(rate) for rate in arguments.rates.split(",")),
        arguments.commits,
        arguments.files,
        tuple(int(rows) for rows in arguments.rows.split(",")),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rivals", description=__doc__)
    parser.add_argument("--sections", default=",".join(SECTIONS), help=f"some of {', '.join(SECTIONS)}")
    parser.add_argument("--contenders", default="", help="only contenders whose names contain one of these words")
    parser.add_argument("--runs", type=int, default=5, help="runs of each contender")
    parser.add_argument("--records", type=int, default=3_000_000, help="Kafka records to produce, drain, catch up with")
    parser.add_argument("--seconds", type=int, default=600, help="how long freshness is measured, after its warm-up")
    parser.add_argument("--rates", default="500,1000,5000", help="records per second of the load of freshness")
    parser.add_argument("--commits", type=int, default=5000, help="commits of growth")
    parser.add_argument("--files", type=int, default=2000, help="small files of compaction")
    parser.add_argument("--rows", default="3000000,30000000", help="rows of gold; validation takes the first")
    parser.add_argument("--json", type=Path, default=None, help="where everything goes (default: <home>/rivals.json)")
    parser.add_argument("--html", type=Path, default=None, help="where the page goes (default: <home>/rivals.html)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
