"""Bytes into lines. Memory stays bounded whatever the input holds: of an endless line only the start is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MAX_LINE = 1_000_000
"""Bytes of a line that are kept; a topic takes records of 1 MiB, key and headers included. More than are read at a
time, so that only a line across chunks can be too long."""

Line = tuple[bytes, int]
"""A line without its end, and how many bytes it had in all: more than are here when it was cut."""


def split_lines(chunks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[Line]:
    r"""Split at ``\n`` and take away one ``\r`` before it; a last line needs no end.

    >>> [line for line, length in split_lines([b"a\tb\r\nc", b"d\n\nlast"])]
    [b'a\tb', b'cd', b'', b'last']
    """
    rest, length = b"", 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        length += len(first)
        rest = (rest + first)[:limit]
        if not others:
            continue
        yield _ended(rest, length)
        *whole, rest = others
        for line in whole:
            yield _ended(line[:limit], len(line))
        length = len(rest)
        rest = rest[:limit]
    if length:
        yield _ended(rest, length)


def _ended(line: bytes, length: int) -> Line:
    if line.endswith(b"\r") and length == len(line):
        return line[:-1], length - 1
    return line, length
