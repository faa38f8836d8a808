"""Downloads that are cut, killed, changed and wrong, with the real aria2c."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from producers.ingest import ingest
from tests.integration.ingested import BYTES, content, sha256
from tests.integration.producing import wait_for
from tests.integration.web import Web
from tideline.errors import DownloadError
from tideline.landing import landed_files, landing_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _served(web: Web) -> None:
    web.files = {"/data/t.tsv": BYTES}


def get(settings: Settings, url: str, digest: str | None = None) -> tuple[str, str]:
    """Ingest a URL; where it lies, and what was said."""
    said = io.StringIO()
    landed = ingest(settings, "tweets", url, Console(file=said, soft_wrap=True), digest)
    return landed.path, said.getvalue()


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
    web.hold_after = 18_000_000
    url = web.url("/data/t.tsv")
    first = subprocess.Popen(
        [sys.executable, "-m", "producers", "ingest", "tweets", url],
        env=os.environ | lake.variables(),
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: any(f.stat().st_blocks * 512 > 16_000_000 for f in downloads(lake)))
    aria2c = psutil.Process(first.pid).children()
    first.kill()
    first.communicate()
    # It sees that nobody waits for it any more; were it given the rest meanwhile, nothing would be left to go on with.
    assert psutil.wait_procs(aria2c, timeout=60)[1] == []
    assert landed_files(lake, "tweets") == []
    web.recover()
    path, _ = get(lake, url)
    assert path == landing_path(lake, "tweets", sha256(BYTES), "t.tsv")
    assert content(lake, path) == BYTES
    # Of the bytes that were on the disk none comes again, but for what the last piece of each connection had begun.
    assert sum(web.given) < 12_000_000


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
