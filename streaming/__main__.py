"""``python -m streaming``: the stream as a process of its own, for Airflow, compose and ``tideline stream``."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from streaming.app import run
from tideline.errors import TidelineError
from tideline.settings import load_settings
from tideline.sources import SOURCES


def main() -> int:
    """Run the stream; 0 when it was told to stop or all was drained, 1 with one sentence when it cannot go on."""
    parser = argparse.ArgumentParser(prog="python -m streaming", description=__doc__)
    parser.add_argument("--sources", type=_sources, default=SOURCES, help="tweets, emissions, or both (the default)")
    parser.add_argument("--available-now", action="store_true", help="process what is there, then stop")
    arguments = parser.parse_args()
    try:
        run(load_settings(), arguments.sources, available_now=arguments.available_now, report=_say)
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
