"""``python -m streaming``: the stream as a process of its own; ``rebuild …`` compares live tables and rebuilds them.

spark-submit runs this file itself.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

if not __package__:
    # spark-submit runs the file, not the package: its folder's modules must not be found without their package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rich.console import Console

from streaming.app import STREAM_CONF, run
from streaming.rebuild import rebuild
from tideline.errors import TidelineError
from tideline.rebuild import Order, differences_report, parse_order, record
from tideline.session import job_session
from tideline.settings import load_settings
from tideline.sources import SOURCES

WIDTH = 110
"""Of the table in a log, where there is no terminal to ask."""


def main() -> int:
    """Run the stream; 0 when it was told to stop or all was drained, 1 with one sentence when it cannot go on."""
    if sys.argv[1:2] == ["rebuild"]:
        return _rebuild(parse_order("python -m streaming rebuild", sys.argv[2:]))
    parser = argparse.ArgumentParser(
        prog="python -m streaming", description=__doc__, epilog="see also: python -m streaming rebuild --help"
    )
    parser.add_argument("--sources", type=_sources, default=SOURCES, help="tweets, emissions, or both (the default)")
    parser.add_argument("--available-now", action="store_true", help="process what is there, then stop")
    arguments = parser.parse_args()
    try:
        run(load_settings(), arguments.sources, available_now=arguments.available_now, report=_say)
    except TidelineError as err:
        _say(f"error: {err}")
        return 1
    return 0


def _rebuild(order: Order) -> int:
    out = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        settings = load_settings()
        spark = job_session(settings, "tideline rebuild live", STREAM_CONF)
        found = rebuild(spark, settings, order, _say)
        looked_at = order.tables_of("live")
        out.print(differences_report(order, looked_at, found))
        if not order.dry_run:
            record(settings, order, looked_at, found)
    except TidelineError as err:
        _say(f"error: {err}")
        return 1
    return 0


def _sources(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = sorted(set(names) - set(SOURCES))
    if unknown:
        msg = f"unknown source {', '.join(unknown)}; there are {', '.join(SOURCES)}"
        raise argparse.ArgumentTypeError(msg)
    return names


def _say(sentence: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
