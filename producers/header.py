"""The header line of an input file: columns are found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from producers.lines import Line
from tideline.errors import InputError


def take_header(
    lines: Iterable[Line], label: str, split: Callable[[str], list[str]], required: Iterable[str]
) -> tuple[tuple[str, ...], Iterator[Line]]:
    """Take the header off the lines.

    Args:
        lines: the lines of a source, the header first. A byte order mark before it is ignored.
        label: what messages call the source.
        split: splits the header's text into names.
        required: the names that must be there; others may be.

    Returns:
        The column names in order, and the lines that follow.

    Raises:
        InputError: there is no header, or it is not such a header.
    """
    rest = iter(lines)
    first = next(rest, None)
    if first is None:
        msg = f"{label} is empty; its first line must name the columns {', '.join(required)}"
        raise InputError(msg)
    columns = tuple(split(_decoded(first[0], label)))
    missing = [name for name in required if name not in columns]
    if missing:
        msg = (
            f"the first line of {label} has no column {', '.join(missing)}: it reads {_shown(columns)}; "
            f"the columns {', '.join(required)} are needed, in any order"
        )
        raise InputError(msg)
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        msg = f"the first line of {label} names {', '.join(doubled)} more than once; name each column once"
        raise InputError(msg)
    return columns, rest


def _decoded(line: bytes, label: str) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        msg = f"the first line of {label} is not UTF-8: it starts with {line[:40]!r}; it must name the columns"
        raise InputError(msg) from err


def _shown(columns: tuple[str, ...]) -> str:
    text = ", ".join(repr(name) for name in columns)
    return text if len(text) <= 200 else text[:200] + " …"
