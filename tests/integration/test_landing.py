"""Landings that are killed, doubled and damaged, in a folder and in MinIO."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from producers.landing import land
from producers.source import file_source, stored_source
from tests.integration.ingested import BYTES, content, sha256
from tideline.errors import InputError
from tideline.landing import landed_files, landing_path, read_facts
from tideline.large_files import PIECE, put_file
from tideline.s3 import client, split_path
from tideline.settings import S3A, Settings

pytestmark = pytest.mark.integration

KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from producers.landing import land
from tideline.byte_streams import Hashed
from tideline.settings import load_settings

def readinto(self, buffer, read=Hashed.readinto):
    if self.size > 12_000_000:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, buffer)

Hashed.readinto = readinto
land(load_settings(), Path(sys.argv[1]), "tweets")
"""


@pytest.fixture(params=["folder", "S3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A home of one's own, with a warehouse in a folder or in MinIO."""
    if request.param == "folder":
        return Settings(home=tmp_path)
    minio: Settings = request.getfixturevalue("minio")
    return replace(minio, home=tmp_path, warehouse=f"{minio.warehouse}/{tmp_path.name}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "t.tsv"
    path.write_bytes(BYTES)
    return path


def test_a_file_lands_once_and_twice_at_once_too(store: Settings, file: Path) -> None:
    with ThreadPoolExecutor(2) as both:
        landed = list(both.map(lambda _: land(store, file, "tweets"), range(2)))
    again = land(store, file.rename(file.with_name("other.tsv")), "tweets")
    assert {each.path for each in (*landed, again)} == set(landed_files(store, "tweets"))
    assert (len(landed_files(store, "tweets")), again.is_new) == (1, False)
    assert read_facts(store, again.path, "tweets").sha256 == sha256(BYTES)
    assert content(store, again.path) == BYTES


def test_a_landing_that_is_killed_in_the_middle_shows_nothing_and_the_next_one_lands(
    store: Settings, file: Path
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(file)], env=os.environ | store.variables(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert landed_files(store, "tweets") == []
    assert land(store, file, "tweets").is_new
    assert content(store, landed_files(store, "tweets")[0]) == BYTES


def test_a_file_that_changes_while_it_is_copied_shows_nothing(store: Settings, file: Path) -> None:
    path = landing_path(store, "tweets", 64 * "0", "t.tsv")
    with pytest.raises(InputError, match="it changed while it was read"):
        put_file(store, file, path, 64 * "0")
    assert landed_files(store, "tweets") == []


def test_a_damaged_landed_file_is_refused_by_the_replay_and_mended_by_the_next_landing(
    store: Settings, file: Path
) -> None:
    path = land(store, file, "tweets").path
    overwrite(store, path, b"x" + BYTES[1:])
    with pytest.raises(InputError) as caught:
        stored_source(store, path)
    found = sha256(b"x" + BYTES[1:])
    assert str(caught.value) == (f"{path} is damaged: its SHA-256 is {found}, not that of its folder; ingest it again")
    assert land(store, file, "tweets").is_new
    assert content(store, path) == BYTES


def overwrite(settings: Settings, path: str, data: bytes) -> None:
    if not path.startswith(S3A):
        Path(path).write_bytes(data)
        return
    bucket, key = split_path(path)
    client(settings).put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(data), length=len(data))


def test_a_landed_file_is_the_same_source_as_the_file_it_was_made_from(store: Settings, tmp_path: Path) -> None:
    plain, packed = tmp_path / "t.tsv", tmp_path / "t.tsv.gz"
    plain.write_bytes(BYTES)
    packed.write_bytes(gzip.compress(BYTES, 1))
    assert packed.stat().st_size > 2 * PIECE
    landed = stored_source(store, land(store, packed, "tweets").path)
    assert (landed.id, landed.size) == (file_source(plain).id, len(BYTES))
    assert b"".join(landed.chunks()) == BYTES
