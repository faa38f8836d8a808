"""``python -m bench.rivals``: contests between Tideline and what else does the same, on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

from rich.console import Console

from bench.rivals.arguments import SECTIONS, parse_arguments, scale_of
from bench.rivals.contest import Section, race
from bench.rivals.errors import ContestError
from bench.rivals.page import write_page
from bench.rivals.report import Contest, Results, read_results, result_of, show, write_results
from bench.rivals.verdict import with_disagreements
from tideline.class_archive import build_archive
from tideline.errors import TidelineError
from tideline.settings import Settings, load_settings

WIDTH = 160
"""Of a table in a log, where there is no terminal to ask."""


def main() -> int:
    """Hold the contests; print tables, write JSON and page. A section that cannot be held is told, the others go on.

    JSON and page keep what they have of sections that are not held now.
    """
    arguments = parse_arguments()
    # Stopped from outside it still stops its broker and its contenders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    console = Console(stderr=True)
    try:
        settings = load_settings()
        arguments.json = arguments.json or settings.home / "rivals.json"
        arguments.html = arguments.html or settings.home / "rivals.html"
        results = read_results(arguments.json)
        # The JVM ignores an archive from before the newest jars, and each of our starts takes half as long again.
        with console.status("archiving Spark's classes, where the archive is out of date"):
            build_archive()
    except TidelineError as error:
        console.print(f"error: {error}", style="red", highlight=False)
        return 1
    failed = False
    for name in arguments.sections:
        try:
            _hold(name, settings, arguments, results)
        except TidelineError as error:
            console.print(f"error: {name}: {error}", style="red", highlight=False)
            failed = True
    return int(failed)


def _hold(name: str, settings: Settings, arguments: argparse.Namespace, results: Results) -> None:
    console = Console(stderr=True)
    with console.status(f"preparing {name}") as status:
        module = import_module(SECTIONS[name])
        with module.section(settings, scale_of(arguments)) as found:
            sections: list[Section] = [found] if isinstance(found, Section) else list(found)
            for section in [chosen(each, arguments.contenders) for each in sections]:
                # A log shows no status, and a contest takes hours.
                runs = race(section, arguments.runs, status.update if console.is_terminal else console.print)
                contest = Contest(section, with_disagreements(runs))
                results[section.name] = result_of(contest, settings)
                show(contest, Console(width=None if sys.stdout.isatty() else WIDTH))
                # After each, so that a long contest that is stopped leaves what came before it.
                write_results(results, arguments.json)
                write_page(results, arguments.html)


def chosen(section: Section, words: Sequence[str]) -> Section:
    """The section with those contenders only whose names contain one of the words; with all if there is no word.

    Raises:
        ContestError: no name contains one.
    """
    some = [each for each in section.contenders if not words or any(word in each.name for word in words)]
    if not some:
        names = "; ".join(each.name for each in section.contenders)
        msg = f"no contender's name contains {' or '.join(words)}: there are {names}"
        raise ContestError(msg)
    return replace(section, contenders=some)


if __name__ == "__main__":
    sys.exit(main())
