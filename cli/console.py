"""How the command line speaks: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

UNLIMITED_WIDTH = 100_000
"""For a pipe: a table must not be folded to a terminal that is not there."""


def out() -> Console:
    """For results; a pipe gets whole lines."""
    return Console(width=None if sys.stdout.isatty() else UNLIMITED_WIDTH, highlight=False)


def err() -> Console:
    """For progress, remarks and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A table; a column whose name begins with ``#`` holds numbers and is set to the right.

    Cells are shown as they are: what looks like markup in the data stays text.
    """
    result = Table(title=title or None, title_justify="left", header_style="bold", title_style="bold")
    for name in columns:
        result.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left")
    for row in rows:
        result.add_row(*(Text(cell(value)) if not isinstance(value, Text) else value for value in row))
    return result


def cell(value: object) -> str:
    """A value as a reader wants it: thousands separated, nothing for null.

    >>> cell(12345)
    '12,345'
    """
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def verdict(holds: bool) -> Text:
    """A mark that is read without colours, too."""
    return Text("✔", "green") if holds else Text("✘", "bold red")
