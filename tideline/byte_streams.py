"""Streams of bytes: hashed, unpacked, and what goes wrong with them said in a sentence."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from typing import Any

from tideline.errors import InputError

CHUNK = 1 << 18
"""Bytes that are handed on at a time."""

_GZIP_MAGIC = b"\x1f\x8b"


class Hashed(RawIOBase):
    """A stream that is hashed while it is read.

    Attributes:
        sha256: the digest of what was read so far.
        size: bytes that were read so far.
    """

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        """See ``RawIOBase``."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See ``RawIOBase``."""
        count = self._stream.readinto1(buffer)
        self.sha256.update(memoryview(buffer)[:count])
        self.size += count
        return count


def unpacked(stream: BufferedReader) -> Iterator[bytes]:
    """The bytes of a stream, in pieces; gzip, recognised by its first bytes, is unpacked."""
    # read1 gives what is there: lines from a pipe are handed on when they come, not when a buffer is full.
    if stream.peek(len(_GZIP_MAGIC))[: len(_GZIP_MAGIC)] != _GZIP_MAGIC:
        yield from _pieces(stream)
        return
    with gzip.GzipFile(fileobj=stream) as file:
        yield from _pieces(file)


@contextmanager
def readable(label: str) -> Iterator[None]:
    """A block that reads a file.

    Raises:
        InputError: the file cannot be read, or is no whole archive; names it by the label.
    """
    try:
        yield
    except (OSError, EOFError, zlib.error) as err:
        msg = f"cannot read {label}: {getattr(err, 'strerror', None) or err}; give readable data, plain or gzip"
        raise InputError(msg) from err


def _pieces(stream: BufferedReader | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := stream.read1(CHUNK):
        yield chunk
