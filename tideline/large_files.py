"""Large files of the store, in a folder or on S3: read in pieces, written whole or not at all. Memory stays bounded."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any

from minio import Minio, S3Error

from tideline.byte_streams import CHUNK, Hashed, readable
from tideline.errors import InputError, StoreError
from tideline.s3 import client, split_path, store_errors
from tideline.settings import S3A, Settings

PIECE = 8 << 20
"""Bytes of an object that one request asks for, and of a part of an upload; 10,000 parts are allowed."""

_GONE = ("NoSuchKey", "NoSuchObject", "NoSuchBucket")
_MAX_PARTS = 10_000


def open_file(settings: Settings, path: str) -> BufferedReader:
    """A file or an object, as bytes.

    An object is fetched in pieces of 8 MiB, each by a request of its own: a slow reader holds no connection open.

    Raises:
        OSError: there is no such file, or it cannot be read.
        StoreError: the store refuses or does not answer.
    """
    return BufferedReader(_Object(settings, path)) if path.startswith(S3A) else Path(path).open("rb")


def sha256_of(settings: Settings, path: str) -> str | None:
    """The SHA-256 of a file or an object, 64 hex digits, read anew; None where there is none."""
    try:
        with open_file(settings, path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def put_file(settings: Settings, file: Path, path: str, sha256: str) -> None:
    """Copy a file into the store; a reader sees all of it or nothing.

    What is sent is hashed on its way, and what arrived is read back; on S3 each part is checked by the store, too. One
    who was killed in the middle leaves nothing that a reader sees, and the next one starts over.

    Args:
        settings: name the store.
        file: what to copy.
        path: where to, a file or an object; what is there is replaced.
        sha256: what the file's content must be.

    Raises:
        InputError: the file has other content.
        StoreError: the store refuses, or gives back other bytes than it got.
    """
    if path.startswith(S3A):
        _upload(settings, file, path, sha256)
        _check(path, sha256_of(settings, path), sha256)
        return
    try:
        _copy(settings, file, Path(path), sha256)
    except OSError as err:
        msg = f"cannot write {path}: {err.strerror}; free what it needs and run this again"
        raise StoreError(msg) from err


def _upload(settings: Settings, file: Path, path: str, sha256: str) -> None:
    bucket, key = split_path(path)
    with readable(str(file)), file.open("rb") as stream, store_errors(settings, f"writing {path}"):
        size = file.stat().st_size
        part = max(PIECE, -(-size // _MAX_PARTS))
        # The client aborts the upload when reading fails: nothing becomes visible.
        content = BufferedReader(_Unchanged(stream, file, size, sha256))
        client(settings).put_object(bucket_name=bucket, object_name=key, data=content, length=size, part_size=part)


def _copy(settings: Settings, file: Path, target: Path, sha256: str) -> None:
    staged = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.parent):
        with file.open("rb") as stream, staged.open("wb") as copy:
            content = BufferedReader(_Unchanged(stream, file, file.stat().st_size, sha256))
            shutil.copyfileobj(content, copy, CHUNK)
            copy.flush()
            os.fsync(copy.fileno())
        _check(str(staged), sha256_of(settings, str(staged)), sha256)
        staged.replace(target)


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Keep others who lock the folder waiting; the lock goes with the process. Gives the lock's descriptor."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _check(path: str, found: str | None, sha256: str) -> None:
    if found != sha256:
        msg = f"{path} was written with SHA-256 {sha256}, but reads back as {found}; check the store, run this again"
        raise StoreError(msg)


class _Unchanged(Hashed):
    """A file whose last byte is only given when its content is what it must be."""

    def __init__(self, stream: BufferedReader, file: Path, size: int, sha256: str) -> None:
        super().__init__(stream)
        self._file, self._whole, self._wanted = file, size, sha256

    def readinto(self, buffer: Any) -> int:
        """See ``RawIOBase``."""
        count = super().readinto(buffer)
        if self.size >= self._whole and self.sha256.hexdigest() != self._wanted:
            msg = (
                f"{self._file} has the SHA-256 {self.sha256.hexdigest()}, not {self._wanted}: it changed while it "
                "was read; run this again when nobody writes to it"
            )
            raise InputError(msg)
        return count


class _Object(RawIOBase):
    """An object, read forwards."""

    def __init__(self, settings: Settings, path: str) -> None:
        self._settings, self._path, self._client = settings, path, client(settings)
        self._size = _size(settings, self._client, path)
        self._next = 0
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        """See ``RawIOBase``."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See ``RawIOBase``."""
        if not self._piece and self._next < self._size:
            self._piece = memoryview(self._fetch())
            self._next += len(self._piece)
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def _fetch(self) -> bytes:
        bucket, key = split_path(self._path)
        length = min(PIECE, self._size - self._next)
        with store_errors(self._settings, f"reading {self._path}"):
            response = self._client.get_object(bucket_name=bucket, object_name=key, offset=self._next, length=length)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()


def _size(settings: Settings, store: Minio, path: str) -> int:
    bucket, key = split_path(path)
    with store_errors(settings, f"looking for {path}"):
        try:
            return store.stat_object(bucket_name=bucket, object_name=key).size or 0
        except S3Error as err:
            if err.code in _GONE:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from err
            raise
