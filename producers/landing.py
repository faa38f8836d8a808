"""Landing: a file into the store, once, verified, and visible only whole: docs/decisions/0014-landing-zone.md."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from tideline.byte_streams import readable
from tideline.errors import InputError
from tideline.landing import landing_path
from tideline.large_files import put_file, sha256_of
from tideline.s3 import ensure_buckets
from tideline.settings import S3A, Settings
from tideline.storage import open_storage

_UNUSUAL = re.compile(r"[^A-Za-z0-9._+=-]+")
_MAX_NAME = 150


@dataclass(frozen=True)
class Landed:
    """A file in the landing zone.

    Attributes:
        path: where it lies: a file, or ``s3a://bucket/key``.
        sha256: of its bytes, 64 hex digits.
        is_new: False when it lay there already.
    """

    path: str
    sha256: str
    is_new: bool


def land(settings: Settings, file: Path, source: str, sha256: str | None = None) -> Landed:
    """Copy a file into the landing zone, unless it is there; either way it is read back and compared.

    What lies there damaged is replaced. Safe to be killed, and to run twice at once.

    Args:
        settings: name the store.
        file: the file, plain or packed; it lands as it is.
        source: ``tweets`` or ``emissions``.
        sha256: what its bytes must have; anything when left out.

    Raises:
        InputError: the file cannot be read, is empty, or has another digest.
        StoreError: the store refuses, or gives back other bytes than it got.
    """
    found = _digest(file)
    if sha256 and found != sha256:
        msg = f"{file.name} has the SHA-256 {found}, not {sha256} as it should; nothing was landed: check both"
        raise InputError(msg)
    there = find_landed(settings, source, found)
    if there:
        return there
    path = landing_path(settings, source, found, safe_name(file.name, source))
    put_file(settings, file, path, found)
    return Landed(path, found, True)


def find_landed(settings: Settings, source: str, sha256: str) -> Landed | None:
    """The landed file with this digest, if it is there and whole, under whatever name.

    Raises:
        StoreError: the store refuses or does not answer.
    """
    folder = landing_path(settings, source, sha256)
    if folder.startswith(S3A):
        ensure_buckets(settings)
    paths = [f"{folder}/{name}" for name in open_storage(settings, folder).names() if not name.startswith(".")]
    return next((Landed(path, sha256, False) for path in paths if sha256_of(settings, path) == sha256), None)


def safe_name(name: str, source: str) -> str:
    """A name that every store and shell takes as it is.

    >>> safe_name("full data (1).tsv.gz", "tweets"), safe_name("..", "tweets")
    ('full_data_1_.tsv.gz', 'tweets')
    """
    return _UNUSUAL.sub("_", name).strip("-.")[-_MAX_NAME:].lstrip("-.") or source


def _digest(file: Path) -> str:
    with readable(str(file)), file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        empty = not stream.tell()
    if empty:
        msg = f"{file} is empty; its first line must name the columns"
        raise InputError(msg)
    return digest
