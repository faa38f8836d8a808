"""Emissions: CSV rows into records."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from producers.header import take_header
from producers.lines import Line
from producers.records import Record, RecordBuilder
from tideline.records import EMISSION_COLUMNS

MAX_ROW_LINES = 20
"""Lines that a row may span through line breaks inside quotes; a quote open for longer is taken for a stray one."""

_Numbered = tuple[int, Line]


def take_emission_header(lines: Iterable[Line], label: str) -> tuple[tuple[str, ...], Iterator[Line]]:
    """The columns of an emission file, in any order and with further ones, and the lines after them."""
    return take_header(lines, label, lambda text: _parse(text) or [text], EMISSION_COLUMNS)


class EmissionRows:
    """The lines of an emission file into records; quoted fields may span lines, so they must come in order.

    A row with the header's number of fields is a JSON object of strings; any other is sent as it is. A row is named
    by its place in the source, never by its content: two identical rows are two events. A row that spans lines has
    the number of its first.
    """

    def __init__(self, columns: tuple[str, ...], source: str) -> None:
        self._columns, self._builder = columns, RecordBuilder(source)
        self._waiting: deque[_Numbered] = deque()

    def records(self, first: int, lines: Iterable[Line]) -> Iterator[Record]:
        """The records of the lines from number ``first`` on, but for a row whose quote is still open."""
        return self._records(enumerate(lines, first), last=False)

    def rest(self) -> Iterator[Record]:
        """The records of lines behind a quote that was never closed."""
        return self._records(iter(()), last=True)

    def _records(self, numbered: Iterator[_Numbered], *, last: bool) -> Iterator[Record]:
        columns, builder = self._columns, self._builder
        for number, line, fields in self._rows(numbered, last):
            if fields is None or len(fields) != len(columns):
                yield builder.raw(number, line)
            else:
                yield builder.json(number, line, dict(zip(columns, fields, strict=True)))

    def _rows(self, numbered: Iterator[_Numbered], last: bool) -> Iterator[tuple[int, Line, list[str] | None]]:
        """Each row with its first line's number, its bytes, and its fields where it is CSV."""
        waiting = self._waiting

        def take() -> _Numbered | None:
            return waiting.popleft() if waiting else next(numbered, None)

        while first := take():
            group = [first]
            while (is_open := _quote_is_open(group)) and len(group) < MAX_ROW_LINES and (more := take()):
                group.append(more)
            if is_open and len(group) < MAX_ROW_LINES and not last:
                waiting.extend(group)
                return
            number, line = first
            fields = _fields([content for _, (content, _) in group])
            if fields is None:
                # A stray quote must not swallow the rows after it: only its own line is malformed.
                waiting.extendleft(reversed(group[1:]))
                yield number, line, None
            elif len(group) == 1:
                yield number, line, fields if len(line[0]) == line[1] else None
            else:
                content = b"\n".join(part for _, (part, _) in group)
                yield number, (content, len(content)), fields


def emission_records(lines: Iterable[Line], source: str, label: str) -> Iterator[Record]:
    """All records of an emission file; see ``EmissionRows``.

    Args:
        lines: the lines, the header first; its columns may come in any order, and further ones are kept.
        source: identifies the source.
        label: what messages call it.

    Raises:
        InputError: the first line does not name the emission columns.
    """
    columns, rest = take_emission_header(lines, label)
    rows = EmissionRows(columns, source)
    yield from rows.records(1, rest)
    yield from rows.rest()


def _quote_is_open(group: list[_Numbered]) -> bool:
    return sum(content.count(b'"') for _, (content, _) in group) % 2 == 1


def _fields(lines: list[bytes]) -> list[str] | None:
    try:
        return _parse(b"\n".join(lines).decode())
    except UnicodeDecodeError:
        return None


def _parse(text: str) -> list[str] | None:
    """The fields of a row, or None when it is not CSV."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return None
