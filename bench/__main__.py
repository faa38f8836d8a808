"""``python -m bench``: measures on a broker and tables of its own, and removes them."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from bench import commits, drain, freshness, produce, store, validate, verdicts
from bench.arguments import positive, some_of
from bench.broker import own_broker
from bench.result import Figure, show, write
from tideline.class_archive import build_archive
from tideline.errors import TidelineError
from tideline.settings import Settings, load_settings

SECTIONS = ("produce", "drain", "freshness", "store", "commits", "validation", "verdicts")


def main() -> int:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sections", type=some_of(SECTIONS), default=SECTIONS, help=f"some of {', '.join(SECTIONS)}")
    parser.add_argument("--records", type=positive, default=1_000_000, help="records of the backlog to drain")
    parser.add_argument("--produced", type=positive, default=1_000_000, help="records of each produce run")
    parser.add_argument(
        "--seconds", type=positive, default=90, help="how long freshness is measured, after its warm-up"
    )
    parser.add_argument("--commits", type=positive, default=2000, help="commits whose times are compared")
    parser.add_argument("--rows", type=positive, default=1_000_000, help="rows of bronze whose validation is measured")
    parser.add_argument("--json", type=Path, default=None, help="where the figures go (default: <home>/bench.json)")
    arguments = parser.parse_args()
    console = Console(stderr=True)
    try:
        settings = load_settings()
        # The JVM ignores an archive from before the newest jars, and each start takes half as long again.
        with console.status("archiving Spark's classes, where the archive is out of date"):
            build_archive()
        figures = _measure(settings, arguments, console)
    except TidelineError as err:
        console.print(f"error: {err}", style="red", highlight=False)
        return 1
    show(figures, Console())
    target = arguments.json or settings.home / "bench.json"
    write(figures, target)
    console.print(f"written to {target}")
    return 0


def _measure(settings: Settings, arguments: argparse.Namespace, console: Console) -> list[Figure]:
    figures: list[Figure] = []
    with ExitStack() as stack:
        with console.status("starting a broker"):
            own = stack.enter_context(own_broker(settings))
        for section in arguments.sections:
            with console.status(f"measuring {section}"):
                figures += _section(section, own, arguments)
    return figures


def _section(name: str, settings: Settings, arguments: argparse.Namespace) -> list[Figure]:
    if name == "produce":
        return produce.measure(settings, arguments.produced)
    if name == "drain":
        return drain.measure(settings, arguments.records)
    if name == "store":
        return store.measure(settings)
    if name == "commits":
        return commits.measure(settings, arguments.commits)
    if name == "validation":
        return validate.measure(settings, arguments.rows)
    if name == "verdicts":
        return verdicts.measure(settings)
    return freshness.measure(settings, arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
