"""What can be asked of the contests on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from bench.arguments import positive, positives, some_of, words
from bench.rivals.contest import Scale

SECTIONS = {
    name: f"bench.rivals.{folder}.{name}"
    for folder, names in (
        ("streams", ("produce", "drain", "restart", "freshness")),
        ("tables", ("growth", "compaction", "gold", "validation")),
    )
    for name in names
}
"""Every section, and the module that holds it."""


def parse_arguments(line: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of a line, or of this process; a wrong one ends the process, with a sentence that says why."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.rivals",
        description="Contests between Tideline and what else does the same, on this machine.",
    )
    add = parser.add_argument
    add("--sections", type=some_of(tuple(SECTIONS)), default=tuple(SECTIONS), help=f"some of {', '.join(SECTIONS)}")
    add("--contenders", type=words, default=(), help="only contenders whose names contain one of these words")
    add("--runs", type=positive, default=5, help="runs of each contender")
    add("--records", type=positive, default=Scale.records, help="Kafka records to produce, drain, catch up with")
    add("--seconds", type=positive, default=Scale.seconds, help="how long freshness is measured, after its warm-up")
    add("--rates", type=positives, default=Scale.rates, help="records per second of the load of freshness")
    add("--commits", type=positive, default=Scale.commits, help="commits of growth")
    add("--files", type=positive, default=Scale.files, help="small files of compaction")
    add("--rows", type=positives, default=Scale.rows, help="rows of gold; validation takes the first")
    add("--json", type=Path, default=None, help="where everything goes (default: <home>/rivals.json)")
    add("--html", type=Path, default=None, help="where the page goes (default: <home>/rivals.html)")
    return parser.parse_args(line)


def scale_of(arguments: argparse.Namespace) -> Scale:
    """The scale that is asked for."""
    return Scale(**{field.name: getattr(arguments, field.name) for field in fields(Scale)})
