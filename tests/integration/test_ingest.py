"""Downloads and landings that are cut, killed and doubled, with the real aria2c, folders and MinIO; the ingest DAGs."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from producers.emission_rows import SyntheticEmissions
from producers.ingest import ingest
from producers.landing import land
from producers.source import file_source, stored_source
from producers.synthetic import SyntheticTweets
from tests.integration.producing import make_topic, record_count, wait_for
from tests.integration.web import Web, serving
from tideline.airflow_run import TaskEvent, run_dag
from tideline.errors import DownloadError, InputError, ServiceError
from tideline.landing import landed_files, landing_path, read_facts
from tideline.large_files import PIECE, put_file
from tideline.s3 import client, split_path
from tideline.settings import S3A, Settings

pytestmark = pytest.mark.integration

BYTES = random.Random(1).randbytes(24 << 20)
"""A file of three pieces of an upload, and of three connections of a download."""

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


@pytest.fixture(scope="module", autouse=True)
def _aria2c() -> None:
    """Without aria2c these tests are reported as not run, and in CI as failed."""
    if shutil.which("aria2c") is None:
        missing = "there is no aria2c on PATH: install it, e.g. Debian's aria2"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        web.files = {"/data/t.tsv": BYTES}
        yield web


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


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def get(settings: Settings, url: str, digest: str | None = None) -> tuple[str, str]:
    """Ingest a URL; where it lies, and what was said."""
    said = io.StringIO()
    landed = ingest(settings, "tweets", url, Console(file=said, soft_wrap=True), digest)
    return landed.path, said.getvalue()


def content(settings: Settings, path: str) -> bytes:
    return b"".join(stored_source(settings, path).chunks())


def downloads(settings: Settings) -> list[Path]:
    """What is left of downloads, finished or not."""
    return [path for path in (settings.home / "downloads").rglob("*") if path.is_file()]


def test_a_download_that_broke_off_goes_on_with_the_bytes_that_are_here(lake: Settings, web: Web) -> None:
    web.cut_after, web.connections, web.pause = 5_000_000, 2, 0.002
    with pytest.raises(DownloadError) as broken:
        get(lake, web.url("/data/t.tsv?key=secret"))
    assert "secret" not in str(broken.value)
    assert str(broken.value).startswith(f"the download of {web.url('/data/t.tsv')} ended early: ")
    assert landed_files(lake, "tweets") == []
    assert sorted(path.name for path in downloads(lake)) == ["t.tsv.part", "t.tsv.part.aria2"]
    web.recover()
    path, _ = get(lake, web.url("/data/t.tsv?key=secret"))
    assert content(lake, path) == BYTES
    assert sum(web.given) < 20_000_000
    assert downloads(lake) == []


def test_a_killed_download_goes_on_and_nothing_of_it_was_visible(lake: Settings, web: Web) -> None:
    web.pause = 0.03
    url = web.url("/data/t.tsv")
    first = subprocess.Popen(
        [sys.executable, "-m", "producers", "ingest", "tweets", url],
        env=os.environ | lake.variables(),
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: any(f.stat().st_blocks * 512 > 16_000_000 for f in downloads(lake)))
    first.kill()
    first.communicate()
    assert landed_files(lake, "tweets") == []
    web.pause = 0.002
    web.recover()
    path, _ = get(lake, url)
    assert path == landing_path(lake, "tweets", sha256(BYTES), "t.tsv")
    assert content(lake, path) == BYTES
    # What came in the last second before the kill may come again.
    assert sum(web.given) < 20_000_000


def test_a_file_that_changed_on_the_server_is_downloaded_from_its_start(lake: Settings, web: Web) -> None:
    web.cut_after, web.connections = 5_000_000, 2
    with pytest.raises(DownloadError):
        get(lake, web.url("/data/t.tsv"))
    web.files["/data/t.tsv"] = newer = BYTES[::-1]
    web.modified = "Tue, 02 Jan 2024 00:00:00 GMT"
    web.recover()
    path, _ = get(lake, web.url("/data/t.tsv"))
    assert content(lake, path) == newer


def test_a_wrong_checksum_lands_nothing_and_keeps_nothing(lake: Settings, web: Web) -> None:
    wrong = 64 * "0"
    with pytest.raises(DownloadError) as caught:
        get(lake, web.url("/data/t.tsv"), wrong)
    assert str(caught.value) == (
        f"{web.url('/data/t.tsv')} does not have the SHA-256 {wrong}; what came was thrown away: check both"
    )
    assert (landed_files(lake, "tweets"), downloads(lake)) == ([], [])


def test_a_file_that_is_not_there_is_said_so(lake: Settings, web: Web) -> None:
    with pytest.raises(DownloadError) as caught:
        get(lake, web.url("/none.tsv"))
    assert str(caught.value) == (
        f"cannot download {web.url('/none.tsv')}: the server answers 404 Not Found; check the URL"
    )


def test_with_its_checksum_a_file_that_landed_is_not_downloaded_again(lake: Settings, web: Web) -> None:
    first, _ = get(lake, web.url("/data/t.tsv"), sha256(BYTES))
    asked = web.answers
    second, said = get(lake, web.url("/data/t.tsv"), sha256(BYTES).upper())
    assert (first, web.answers) == (second, asked)
    assert said == f"t.tsv is there already, whole: nothing was written; SHA-256 {sha256(BYTES)}\n"


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


def test_the_tweets_dag_downloads_lands_and_replays(
    airflow_home: Path, settings: Settings, tmp_path: Path, web: Web
) -> None:
    lines = gzip.compress(b"".join(SyntheticTweets(2_000, seed=3).chunks()))
    web.files = {"/t.tsv.gz": lines}
    lake = lake_of(airflow_home, settings, tmp_path)
    run_dag(lake, "tweets_ingest", lambda _: None, {"url": web.url("/t.tsv.gz"), "limit": 1_500, "rate": "5000/s"})
    assert landed_files(lake, "tweets") == [landing_path(lake, "tweets", sha256(lines), "t.tsv.gz")]
    assert record_count(settings, lake.tweets_topic) == 1_500


def test_the_emissions_dag_generates_lands_in_minio_and_produces(
    airflow_home: Path, settings: Settings, tmp_path: Path, minio: Settings
) -> None:
    lake = replace(
        lake_of(airflow_home, settings, tmp_path),
        warehouse=f"{minio.warehouse}/emissions-dag",
        s3_endpoint=minio.s3_endpoint,
        s3_access_key=minio.s3_access_key,
        s3_secret_key=minio.s3_secret_key,
    )
    events: list[TaskEvent] = []
    run_dag(lake, "emissions_ingest", events.append, {"rows": 300, "seed": 4})
    assert states(events) == {"generate_data": "success", "ingest_to_minio": "success", "produce": "success"}
    rows = b"".join(SyntheticEmissions(300, seed=4).chunks())
    path = landing_path(lake, "emissions", sha256(rows), "emissions-300-seed-4.csv")
    assert landed_files(lake, "emissions") == [path]
    assert record_count(settings, lake.emissions_topic) == 300
    assert minio.s3_secret_key not in (lake.home / "logs" / "airflow-emissions_ingest.log").read_text()


def test_a_given_file_skips_the_generator_and_its_name_is_never_a_command(
    airflow_home: Path, settings: Settings, tmp_path: Path
) -> None:
    lake = lake_of(airflow_home, settings, tmp_path / "lake")
    given = tmp_path / "given"
    given.mkdir()
    path = given / "a\"; $(exit 99) `kill $$` '; kill $$; exit 99; '.csv"
    path.write_bytes(b"".join(SyntheticEmissions(50, seed=9).chunks()))
    events: list[TaskEvent] = []
    run_dag(lake, "emissions_ingest", events.append, {"input": str(path)})
    assert states(events) == {"generate_data": "skipped", "ingest_to_minio": "success", "produce": "success"}
    assert record_count(settings, lake.emissions_topic) == 50


def test_an_ingest_dag_that_fails_names_the_cause(airflow_home: Path, settings: Settings, tmp_path: Path) -> None:
    lake = lake_of(airflow_home, settings, tmp_path)
    events: list[TaskEvent] = []
    with pytest.raises(ServiceError) as caught:
        run_dag(lake, "emissions_ingest", events.append, {"generate": False})
    assert str(caught.value).startswith(
        "DAG emissions_ingest failed in ingest_to_minio: there is nothing to ingest: name a file or a URL, such as "
    )
    assert states(events) == {"generate_data": "skipped", "ingest_to_minio": "failed"}


def lake_of(airflow_home: Path, settings: Settings, warehouse: Path) -> Settings:
    """A lake of one's own, with the shared Airflow and Kafka, and topics of its own."""
    return replace(
        settings,
        home=airflow_home,
        warehouse=str(warehouse),
        checkpoints="",
        tweets_topic=make_topic(settings),
        emissions_topic=make_topic(settings),
    )


def states(events: list[TaskEvent]) -> dict[str, str]:
    """The last state of each task."""
    return {event.task_id: event.state for event in events}
