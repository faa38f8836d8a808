"""Where records come from: a file (plain or gzip), standard input, or a generator; and what identifies it."""

from __future__ import annotations

import hashlib
import secrets
import select
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from tideline.byte_streams import Hashed, readable, unpacked
from tideline.errors import InputError
from tideline.landing import landed_digest
from tideline.settings import Settings

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
        ready: whether more of it, or its end, is there without waiting for somebody.
        position: bytes read so far.
    """

    id: str
    label: str
    resumable: bool
    size: int | None
    open: Callable[[], Iterable[bytes]]
    ready: Callable[[], bool] = lambda: True
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
    pass that takes the digest also finds a damaged archive before the first record is sent, and a landed file that is
    not what its path promises.

    Raises:
        InputError: the file cannot be read, or is damaged.
    """
    return _opened_source(str(path), lambda: path.open("rb"))


def stored_source(settings: Settings, path: str) -> Source:
    """A file in the store, such as a landed one; see ``file_source``.

    Raises:
        InputError: the file cannot be read, or is damaged.
        StoreError: the store refuses or does not answer.
    """
    # The store's client takes a third of a second to load, which others need not wait for.
    from tideline.large_files import open_file

    return _opened_source(path, lambda: open_file(settings, path))


def _opened_source(label: str, open_: Callable[[], BufferedReader]) -> Source:
    def read() -> Iterator[bytes]:
        with readable(label), open_() as stream:
            yield from unpacked(stream)

    digest, size = hashlib.sha256(), 0
    with readable(label), open_() as stream:
        hashed = Hashed(stream)
        for chunk in unpacked(BufferedReader(hashed)):
            digest.update(chunk)
            size += len(chunk)
    promised = landed_digest(label)
    if promised not in (None, hashed.sha256.hexdigest()):
        msg = f"{label} is damaged: its SHA-256 is {hashed.sha256.hexdigest()}, not that of its folder; ingest it again"
        raise InputError(msg)
    return Source(digest.hexdigest()[:_DIGITS], label, True, size, read)


def stream_source(stream: BufferedReader, name: str | None = None) -> Source:
    """Standard input: read once, so it cannot be resumed. Without a name it gets one that never comes again."""
    return Source(
        name or secrets.token_hex(_DIGITS // 2),
        "standard input",
        False,
        None,
        lambda: _read_stream(stream),
        lambda: bool(select.select([stream], [], [], 0)[0]),
    )


def generated_source(run: str, chunks: Callable[[], Iterable[bytes]]) -> Source:
    """A generator whose every run gives the same bytes."""
    return Source(run, f"generator run {run}", True, None, chunks)


def _read_stream(stream: BufferedReader) -> Iterator[bytes]:
    with readable("standard input"):
        yield from unpacked(stream)
