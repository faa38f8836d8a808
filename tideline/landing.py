"""The landing zone: files as they came, before Kafka. ``<warehouse>/landing/<source>/<SHA-256>/<name>``.

The folder's name is the digest of what lies in it: the same file lands once, and a damaged one is told from its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from tideline.byte_streams import Hashed, readable, unpacked
from tideline.settings import S3A, Settings

SEPARATORS = {"tweets": "\t", "emissions": ","}
"""What may land, and what stands between the names in its header."""

_LANDED = re.compile(rf".*/landing/({'|'.join(SEPARATORS)})/([0-9a-f]{{64}})/[^/]+")
_MAX_HEADER = 1 << 16


@dataclass(frozen=True)
class FileFacts:
    """What a landed file is, read from its bytes.

    Attributes:
        bytes: its size as it lies there, packed or not.
        sha256: of these bytes, 64 hex digits.
        columns: the names in its first line, unpacked; none when it is empty.
        data_lines: the lines after the first, unpacked; a last line needs no end.
    """

    bytes: int
    sha256: str
    columns: tuple[str, ...]
    data_lines: int


def landing_path(settings: Settings, source: str, sha256: str = "", name: str = "") -> str:
    """Where the files of a source lie, or those with this digest, or one of them."""
    return "/".join(part for part in (settings.warehouse, "landing", source, sha256, name) if part)


def landed_digest(path: str) -> str | None:
    """The SHA-256 that a landed file's path promises; None for any other path.

    >>> landed_digest("/lake/landing/tweets/" + 64 * "a" + "/t.tsv") == 64 * "a"
    True
    """
    found = _LANDED.fullmatch(path)
    return found[2] if found else None


def landed_files(settings: Settings, source: str) -> list[str]:
    """The paths of all landed files of a source, sorted.

    Raises:
        StoreError: the store refuses or does not answer.
    """
    root = landing_path(settings, source)
    if not root.startswith(S3A):
        return sorted(str(path) for path in Path(root).glob("*/*") if landed_digest(str(path)) and path.name[0] != ".")
    # A client of the store is loaded by whoever needs one: producers of files here do not.
    from tideline.s3 import client, split_path, store_errors

    bucket, key = split_path(f"{root}/")
    with store_errors(settings, f"listing {root}"):
        found = list(client(settings).list_objects(bucket_name=bucket, prefix=key, recursive=True))
    paths = [f"{S3A}{bucket}/{entry.object_name}" for entry in found]
    return sorted(path for path in paths if landed_digest(path))


def read_facts(settings: Settings, path: str, source: str) -> FileFacts:
    """Read a landed file, in one pass, and say what it is; see ``describe``.

    Raises:
        InputError: it cannot be read, or is no whole archive.
        StoreError: the store refuses or does not answer.
    """
    from tideline.large_files import open_file

    with readable(path), open_file(settings, path) as stream:
        return describe(stream, source)


def describe(stream: BufferedReader, source: str) -> FileFacts:
    r"""Say what a file is, from its bytes, plain or gzip.

    Args:
        stream: the bytes.
        source: a key of ``SEPARATORS``.

    Raises:
        OSError, EOFError, zlib.error: it is no whole archive.

    >>> from io import BytesIO
    >>> facts = describe(BufferedReader(BytesIO(b"tweet_id\tdate\n1\t2\n3\t4")), "tweets")
    >>> facts.bytes, facts.columns, facts.data_lines
    (21, ('tweet_id', 'date'), 2)
    """
    hashed = Hashed(stream)
    header, lines, last = b"", 0, b"\n"
    for chunk in unpacked(BufferedReader(hashed)):
        if not lines and len(header) < _MAX_HEADER:
            header += chunk
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    lines += last != b"\n"
    first = header.partition(b"\n")[0].decode("utf-8-sig", errors="replace").removesuffix("\r")
    columns = tuple(first.split(SEPARATORS[source])) if lines else ()
    return FileFacts(hashed.size, hashed.sha256.hexdigest(), columns, max(0, lines - 1))
