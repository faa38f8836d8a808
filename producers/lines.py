"""Bytes into lines. Memory stays bounded whatever the input holds: of an endless line only the start is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tideline.byte_streams import CHUNK

MAX_LINE = 1_000_000
"""Bytes of a line that are kept; a topic takes records of 1 MiB, key and headers included. More than are read at a
time, so that only a line across chunks can be too long."""

Line = tuple[bytes, int]
"""A line without its end, and how many bytes it had in all: more than are here when it was cut."""


@dataclass(frozen=True)
class Block:
    r"""Lines that follow each other, as they lie in the source.

    Attributes:
        first: the number of the first; the source's first line is line 0.
        body: the lines with their ends; the last may lack its own.
        length: what the block's only line had in all, when it was cut; else None.
    """

    first: int
    body: bytes
    length: int | None = None

    def lines(self, limit: int = MAX_LINE) -> Iterator[Line]:
        r"""Each line, without its ``\n`` and one ``\r`` before that.

        >>> [line for line, length in Block(7, b"a\tb\r\n\nlast").lines()]
        [b'a\tb', b'', b'last']
        """
        if self.length is not None:
            yield _ended(self.body, self.length)
            return
        whole = self.body.split(b"\n")
        if not whole[-1]:
            whole.pop()
        if len(self.body) <= limit and b"\r" not in self.body:
            yield from zip(whole, map(len, whole), strict=True)
            return
        for line in whole:
            yield _ended(line[:limit], len(line))

    def parts(self, most: int) -> Iterator[Block]:
        """The block in pieces of so many lines, at most."""
        if self.length is not None or self.body.count(b"\n") <= most:
            yield self
            return
        whole = _with_ends(self.body)
        for low in range(0, len(whole), most):
            yield Block(self.first + low, b"".join(whole[low : low + most]))


def gathered(chunks: Iterable[bytes], ready: Callable[[], bool], size: int = CHUNK) -> Iterator[bytes]:
    """Join small chunks, such as gzip gives, to such a size, but never wait for one that is not ready."""
    held: list[bytes] = []
    have = 0
    for chunk in chunks:
        held.append(chunk)
        have += len(chunk)
        if have >= size or not ready():
            yield b"".join(held)
            held, have = [], 0
    if held:
        yield b"".join(held)


def blocks(chunks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[Block]:
    """Cut a source's chunks where lines end; what is whole of a chunk is handed on before the next one is asked for."""
    number, rest, length = 0, b"", 0
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest, length = (rest + chunk)[:limit], length + len(chunk)
            continue
        begin = chunk.find(b"\n")
        if length + begin > limit:
            yield Block(number, (rest + chunk[:begin])[:limit], length + begin)
            number, body = number + 1, chunk[begin + 1 : end]
        else:
            body = rest + chunk[:end]
        if body:
            yield Block(number, body)
            number += body.count(b"\n")
        rest, length = chunk[end:][:limit], len(chunk) - end
    if length:
        yield Block(number, rest, length if length > limit else None)


def split_lines(chunks: Iterable[bytes], limit: int = MAX_LINE) -> Iterator[Line]:
    r"""All lines of a source.

    >>> [line for line, length in split_lines([b"a\tb\r\nc", b"d\n\nlast"])]
    [b'a\tb', b'cd', b'', b'last']
    """
    for block in blocks(chunks, limit):
        yield from block.lines(limit)


def _with_ends(body: bytes) -> list[bytes]:
    *whole, last = body.split(b"\n")
    return [line + b"\n" for line in whole] + ([last] if last else [])


def _ended(line: bytes, length: int) -> Line:
    if line.endswith(b"\r") and length == len(line):
        return line[:-1], length - 1
    return line, length
