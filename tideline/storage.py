"""Small files beside the tables, in a folder or on S3: checkpoints, markers, leases, commit files. One interface.

Names are relative to the root and use slashes. Listing S3 is atomic per object only; nothing here relies on more.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from mimetypes import guess_type
from pathlib import Path
from typing import Protocol

from minio import Minio, S3Error
from minio.deleteobjects import DeleteObject

from tideline.errors import StoreError
from tideline.s3 import client, http, split_path, store_errors
from tideline.settings import S3A, Settings

_GONE = ("NoSuchKey", "NoSuchObject")
_SIGNED_FOR = timedelta(minutes=5)


class Storage(Protocol):
    """Files below one root."""

    @property
    def where(self) -> str:
        """The root, as a user writes it."""

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: there is none.
        """

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file; a reader sees all of it or nothing."""

    def create(self, name: str, data: bytes) -> bool:
        """Create a file unless there is one; of many callers exactly one is told True."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""

    def names(self, folder: str = "") -> list[str]:
        """The files directly in a folder, sorted, without the folder's name; none where there is no folder."""

    def holds(self, folder: str) -> bool:
        """Whether there is anything in a folder, however deep."""

    def remove(self, names: Sequence[str]) -> None:
        """Delete files, in this order; one that is not there is none."""

    def drop(self, folder: str, first: Sequence[str] = ()) -> None:
        """Delete a folder with all that is in it.

        A folder goes at once; on S3 the objects named ``first`` go before the rest, so that a reader who meets what a
        crash has left sees that it is not whole.
        """


def open_storage(settings: Settings, path: str) -> Storage:
    """The files below a path of the settings, such as the checkpoints."""
    return S3Storage(settings, path, client(settings)) if path.startswith(S3A) else LocalStorage(Path(path))


@dataclass(frozen=True)
class LocalStorage:
    """Files below a folder."""

    root: Path

    @property
    def where(self) -> str:
        """See ``Storage``."""
        return str(self.root)

    def read(self, name: str) -> bytes:
        """See ``Storage``."""
        return (self.root / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See ``Storage``."""
        self._hidden(name, data).replace(self.root / name)

    def create(self, name: str, data: bytes) -> bool:
        """See ``Storage``."""
        hidden = self._hidden(name, data)
        try:
            (self.root / name).hardlink_to(hidden)
        except FileExistsError:
            return False
        finally:
            hidden.unlink()
        return True

    def exists(self, name: str) -> bool:
        """See ``Storage``."""
        return (self.root / name).is_file()

    def names(self, folder: str = "") -> list[str]:
        """See ``Storage``."""
        here = self.root / folder
        return sorted(entry.name for entry in here.iterdir() if entry.is_file()) if here.is_dir() else []

    def holds(self, folder: str) -> bool:
        """See ``Storage``."""
        here = self.root / folder
        return here.is_dir() and any(here.iterdir())

    def remove(self, names: Sequence[str]) -> None:
        """See ``Storage``."""
        for name in names:
            (self.root / name).unlink(missing_ok=True)

    def drop(self, folder: str, first: Sequence[str] = ()) -> None:
        """See ``Storage``."""
        root = self.root / folder
        if root.exists():
            gone = root.with_name(f".{root.name}.dropped")
            shutil.rmtree(gone, ignore_errors=True)
            root.rename(gone)
            shutil.rmtree(gone)

    def _hidden(self, name: str, data: bytes) -> Path:
        """The content under a name of its own, on its way to its real one."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        with hidden.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return hidden


@dataclass(frozen=True)
class Stamped:
    """An object with what the store says of it; both times are by the store's own clock, no matter what ours shows."""

    data: bytes
    etag: str
    written_at: datetime
    read_at: datetime

    @property
    def age(self) -> timedelta:
        """How long ago it was written."""
        return self.read_at - self.written_at


@dataclass(frozen=True)
class S3Storage:
    """Objects below a prefix."""

    settings: Settings
    path: str
    client: Minio

    @property
    def where(self) -> str:
        """See ``Storage``."""
        return self.path

    def read(self, name: str) -> bytes:
        """See ``Storage``."""
        return self.read_stamped(name).data

    def read_stamped(self, name: str) -> Stamped:
        """The object with its etag and its age.

        Raises:
            FileNotFoundError: there is none.
        """
        path = f"{self.path}/{name}"
        bucket, key = split_path(path)
        with store_errors(self.settings, f"reading {path}"):
            try:
                response = self.client.get_object(bucket_name=bucket, object_name=key)
            except S3Error as err:
                if err.code in _GONE:
                    raise FileNotFoundError(path) from err
                raise
            with response:
                data, headers = response.read(), response.headers
        return Stamped(data, headers["ETag"], _time(headers["Last-Modified"]), _time(headers["Date"]))

    def write(self, name: str, data: bytes) -> None:
        """See ``Storage``."""
        bucket, key = split_path(f"{self.path}/{name}")
        with store_errors(self.settings, f"writing {self.path}/{name}"):
            # A browser shows a page that it is told to be one, and saves what it is told nothing about.
            kind = guess_type(name)[0] or "application/octet-stream"
            self.client.put_object(
                bucket_name=bucket, object_name=key, data=BytesIO(data), length=len(data), content_type=kind
            )

    def create(self, name: str, data: bytes) -> bool:
        """See ``Storage``."""
        return self.put_if(name, data, {"If-None-Match": "*"}) is not None

    def put_if(self, name: str, data: bytes, condition: dict[str, str]) -> str | None:
        """Write an object under a condition of HTTP, such as ``{"If-Match": etag}``.

        Returns:
            The object's new etag; None when the condition did not hold. After a lost answer None may be the echo of
            our own success: whoever must know reads the object back.

        Raises:
            StoreError: the store refuses, for any other reason.
        """
        bucket, key = split_path(f"{self.path}/{name}")
        what = f"writing {self.path}/{name}"
        with store_errors(self.settings, what):
            # The client itself sends no conditions; headers beside the signed ones are free.
            url = self.client.get_presigned_url("PUT", bucket_name=bucket, object_name=key, expires=_SIGNED_FOR)
            response = http().request("PUT", url, body=data, headers=condition)
        # A condition on an object that is gone is answered with 404; so is a bucket that is not there.
        if response.status in (409, 412) or (response.status == 404 and "If-Match" in condition):
            return None
        if response.status != 200:
            msg = f"{what} was refused (HTTP {response.status}); check the credentials and their policy"
            raise StoreError(msg)
        return str(response.headers["ETag"])

    def exists(self, name: str) -> bool:
        """See ``Storage``."""
        bucket, key = split_path(f"{self.path}/{name}")
        with store_errors(self.settings, f"looking for {self.path}/{name}"):
            try:
                self.client.stat_object(bucket_name=bucket, object_name=key)
            except S3Error as err:
                if err.code in _GONE:
                    return False
                raise
        return True

    def names(self, folder: str = "") -> list[str]:
        """See ``Storage``."""
        prefix = f"{self.path}/{folder}".rstrip("/") + "/"
        bucket, key = split_path(prefix)
        with store_errors(self.settings, f"listing {prefix}"):
            found = list(self.client.list_objects(bucket_name=bucket, prefix=key))
        names = [str(entry.object_name).removeprefix(key) for entry in found if not entry.is_dir]
        return sorted(name for name in names if name)

    def holds(self, folder: str) -> bool:
        """See ``Storage``; the empty object by which S3A marks a folder is no content."""
        prefix = f"{self.path}/{folder}/"
        bucket, key = split_path(prefix)
        with store_errors(self.settings, f"listing {prefix}"):
            found = self.client.list_objects(bucket_name=bucket, prefix=key, recursive=True)
            return any(not str(entry.object_name).endswith("/") for entry in found)

    def remove(self, names: Sequence[str]) -> None:
        """See ``Storage``."""
        keys = [split_path(f"{self.path}/{name}")[1] for name in names]
        self._remove(keys, f"deleting from {self.path}")

    def drop(self, folder: str, first: Sequence[str] = ()) -> None:
        """See ``Storage``."""
        prefix = f"{self.path}/{folder}/"
        bucket, key = split_path(prefix)
        with store_errors(self.settings, f"deleting {prefix}"):
            for name in first:
                self.client.remove_object(bucket_name=bucket, object_name=f"{key}{name}")
            rest = self.client.list_objects(bucket_name=bucket, prefix=key, recursive=True)
            self._remove((str(entry.object_name) for entry in rest), f"deleting {prefix}")

    def _remove(self, keys: Iterable[str], what: str) -> None:
        bucket = split_path(self.path)[0]
        with store_errors(self.settings, what):
            objects = (DeleteObject(key) for key in keys)
            failed = list(self.client.remove_objects(bucket_name=bucket, delete_object_list=objects))
        if failed:
            msg = f"{what} was refused ({failed[0].code}: {failed[0].message}); check the policy"
            raise StoreError(msg)


def _time(header: str) -> datetime:
    return parsedate_to_datetime(header)
