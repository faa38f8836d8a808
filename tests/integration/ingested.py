"""What the tests of downloads, of landings and of the ingest DAGs share: a file of some size, and what landed of it."""

from __future__ import annotations

import hashlib
import random

from producers.source import stored_source
from tideline.settings import Settings

BYTES = random.Random(1).randbytes(24 << 20)
"""A file of three pieces of an upload, and of three connections of a download."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def content(settings: Settings, path: str) -> bytes:
    return b"".join(stored_source(settings, path).chunks())
