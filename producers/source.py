"""Where records come from: a file (plain or gzip), standard input, or a generator; and what identifies it."""

from __future__ import annotations

import gzip
import hashlib
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from producers.lines import CHUNK
from tideline.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_DIGITS = 16
"""Hex digits of the digest that name a source: 64 bits."""


@dataclass
class Source:
    """A source of bytes.

    Attributes:
        id: goes into the ``source`` header and into the event ids of records without an id of their own.
        label: what messages call it.
        resumable: whether it can be read a second time from the start.
        size: bytes to read in all, uncompressed; ``None`` when nobody knows.
        position: bytes read so far.
    """

    id: str
    label: str
    resumable: bool
    size: int | None
    open: Callable[[], Iterable[bytes]]
    position: int = field(default=0, init=False)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces."""
        self.position = 0
        for chunk in self.open():
            self.position += len(chunk)
            yield chunk


def file_source(path: Path) -> Source:
    """A file; gzip is recognised by its first bytes.

    It is named by a digest of its uncompressed content, so that the same data packed anew are the same source. The
    pass that takes the digest also finds a damaged archive before the first record is sent.

    Raises:
        InputError: the file cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    for chunk in _read_file(path):
        digest.update(chunk)
        size += len(chunk)
    return Source(digest.hexdigest()[:_DIGITS], str(path), True, size, lambda: _read_file(path))


def stream_source(stream: BufferedReader, name: str | None = None) -> Source:
    """Standard input: read once, so it cannot be resumed. Without a name it gets one that never comes again."""
    return Source(name or secrets.token_hex(_DIGITS // 2), "standard input", False, None, lambda: _read_stream(stream))


def generated_source(run: str, chunks: Callable[[], Iterable[bytes]]) -> Source:
    """A generator whose every run gives the same bytes."""
    return Source(run, f"generator run {run}", True, None, chunks)


def _read_file(path: Path) -> Iterator[bytes]:
    with _telling(str(path)), path.open("rb") as stream:
        yield from _unpack(stream)


def _read_stream(stream: BufferedReader) -> Iterator[bytes]:
    with _telling("standard input"):
        yield from _unpack(stream)


@contextmanager
def _telling(label: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as err:
        msg = f"cannot read {label}: {getattr(err, 'strerror', None) or err}; give readable data, plain or gzip"
        raise InputError(msg) from err


def _unpack(stream: BufferedReader) -> Iterator[bytes]:
    # read1 gives what is there: lines from a pipe are sent when they come, not when a buffer is full.
    if stream.peek(len(_GZIP_MAGIC))[: len(_GZIP_MAGIC)] != _GZIP_MAGIC:
        yield from _pieces(stream)
        return
    with gzip.GzipFile(fileobj=stream) as unpacked:
        yield from _pieces(unpacked)


def _pieces(stream: BufferedReader | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := stream.read1(CHUNK):
        yield chunk
