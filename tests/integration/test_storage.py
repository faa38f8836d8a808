"""One interface over a folder and a real S3 store."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from tideline.errors import StoreError
from tideline.s3 import ensure_buckets, storage_options
from tideline.settings import Settings
from tideline.storage import S3Storage, Storage, open_storage

pytestmark = pytest.mark.integration


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return open_storage(Settings(home=tmp_path), str(tmp_path / "files"))
    minio = request.getfixturevalue("minio")
    return open_storage(minio, f"{minio.warehouse}/{uuid.uuid4().hex}")


def test_what_was_written_is_read_and_listed(storage: Storage) -> None:
    storage.write("q/commits/10", b"ten")
    storage.write("q/commits/9", b"old")
    storage.write("q/commits/9", b"nine")
    storage.write("q/metadata", b"{}")
    assert (storage.read("q/commits/9"), storage.exists("q/metadata")) == (b"nine", True)
    assert (storage.names("q/commits"), storage.names("q")) == (["10", "9"], ["metadata"])


def test_what_is_not_there_is_not_found_and_has_no_names(storage: Storage) -> None:
    assert (storage.exists("q"), storage.names("q")) == (False, [])
    with pytest.raises(FileNotFoundError, match="q/absent"):
        storage.read("q/absent")


def test_of_many_who_create_a_file_one_is_told_so(storage: Storage) -> None:
    for round_ in range(10):
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda n: storage.create(f"f{round_}", str(n).encode()), range(8)))  # noqa: B023
        assert won.count(True) == 1
        assert storage.read(f"f{round_}") == str(won.index(True)).encode()
    assert storage.names() == sorted(f"f{n}" for n in range(10))


def test_a_dropped_folder_is_gone_and_its_neighbour_stays(storage: Storage) -> None:
    for name in ("q/metadata", "q/offsets/1", "q/state/0/1", "q2/metadata"):
        storage.write(name, b"x")
    storage.drop("q", ("metadata",))
    storage.drop("q", ("metadata",))
    assert [storage.exists(n) for n in ("q/metadata", "q/offsets/1", "q/state/0/1", "q2/metadata")] == [False] * 3 + [
        True
    ]
    assert storage.names() == []


def test_removed_files_are_gone_and_one_that_was_not_there_is_no_harm(storage: Storage) -> None:
    for name in ("q/1", "q/2", "q/3"):
        storage.write(name, b"x")
    storage.remove(["q/1", "q/absent", "q/3"])
    storage.remove([])
    assert storage.names("q") == ["2"]


def test_an_object_is_replaced_only_by_who_knows_its_tag(minio: Settings) -> None:
    storage = open_storage(minio, f"{minio.warehouse}/{uuid.uuid4().hex}")
    assert isinstance(storage, S3Storage)
    assert storage.put_if("lease", b"0", {"If-Match": '"absent"'}) is None
    storage.write("lease", b"1")
    tag = storage.read_stamped("lease").etag
    newer = storage.put_if("lease", b"2", {"If-Match": tag})
    assert storage.put_if("lease", b"3", {"If-Match": tag}) is None
    found = storage.read_stamped("lease")
    assert (found.data, found.etag) == (b"2", newer)


def test_deltalake_reads_and_writes_with_the_options(minio: Settings) -> None:
    path = f"{minio.warehouse}/{uuid.uuid4().hex}"
    write_deltalake(path, pa.table({"a": [1, 2]}), storage_options=storage_options(minio))
    table = DeltaTable(path, storage_options=storage_options(minio))
    assert table.to_pandas().a.tolist() == [1, 2]
    assert minio.s3_secret_key not in repr(table)


def test_a_bucket_is_made_once(minio: Settings) -> None:
    bucket = f"b{uuid.uuid4().hex}"
    fresh = replace(minio, warehouse=f"s3a://{bucket}/lake", checkpoints="")
    assert (ensure_buckets(fresh), ensure_buckets(fresh)) == ([bucket], [])


def test_the_credentials_may_come_from_aws_variables_or_a_profile(
    minio: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = replace(minio, s3_access_key="", s3_secret_key="")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreError, match="there are no credentials for s3a://tideline/lake: set TIDELINE_S3_ACCESS_"):
        ensure_buckets(without)
    keys = f"aws_access_key_id = {minio.s3_access_key}\naws_secret_access_key = {minio.s3_secret_key}\n"
    (tmp_path / "credentials").write_text(f"[default]\n{keys}")
    assert ensure_buckets(without) == []
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "stranger")
    with pytest.raises(StoreError, match=r"looking for the bucket tideline at http://127.0.0.1:.* was refused"):
        ensure_buckets(without)


def test_a_store_that_is_away_is_one_sentence(minio: Settings) -> None:
    away = replace(minio, s3_endpoint="http://127.0.0.1:9")
    with pytest.raises(StoreError) as refused:
        open_storage(away, away.warehouse).read("x")
    assert str(refused.value) == (
        "reading s3a://tideline/lake/x failed: http://127.0.0.1:9 does not answer (MaxRetryError); `tideline up --s3` "
        "starts the embedded store, TIDELINE_S3_ENDPOINT names another"
    )
