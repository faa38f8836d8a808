import gzip
import hashlib
import io
from pathlib import Path

import pytest
from rich.console import Console

from producers.__main__ import main
from producers.download import find_aria2c
from producers.ingest import ingest
from producers.landing import land
from tideline.errors import InputError, PrerequisiteError, StoreError
from tideline.landing import FileFacts, landed_files, read_facts
from tideline.settings import Settings

TSV = b"tweet_id\tdate\ttime\n1\t2020-01-01\t00:00:00\n2\t2020-01-01\t00:00:00"
DIGEST = hashlib.sha256(TSV).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "full data (1).tsv"
    path.write_bytes(TSV)
    return path


def test_a_file_lands_under_its_digest_and_a_second_time_nothing_is_written(tmp_path: Path, file: Path) -> None:
    lake = Settings(home=tmp_path)
    first, second = land(lake, file, "tweets"), land(lake, file, "tweets", DIGEST)
    assert first.path == f"{lake.warehouse}/landing/tweets/{DIGEST}/full_data_1_.tsv"
    assert (first.is_new, second.is_new, second.path) == (True, False, first.path)
    assert [path.name for path in Path(first.path).parent.iterdir()] == ["full_data_1_.tsv"]
    assert landed_files(lake, "tweets") == [first.path]
    assert landed_files(lake, "emissions") == []


def test_what_landed_is_described_packed_or_not(tmp_path: Path, file: Path) -> None:
    lake = Settings(home=tmp_path)
    columns = ("tweet_id", "date", "time")
    assert read_facts(lake, land(lake, file, "tweets").path, "tweets") == FileFacts(len(TSV), DIGEST, columns, 2)
    packed = tmp_path / "t.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + TSV.replace(b"\n", b"\r\n") + b"\n"))
    facts = read_facts(lake, land(lake, packed, "tweets").path, "tweets")
    assert (facts.bytes, facts.columns, facts.data_lines) == (packed.stat().st_size, columns, 2)
    packed.write_bytes(packed.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"cannot read .*/t.gz: Compressed file ended before the end-of-stream marker"):
        read_facts(lake, str(packed), "tweets")


@pytest.mark.parametrize("left", [TSV[:10], TSV, TSV * 2])
def test_what_a_killed_landing_left_is_no_landed_file_and_is_written_over(
    tmp_path: Path, file: Path, left: bytes
) -> None:
    lake = Settings(home=tmp_path)
    staged = Path(lake.warehouse) / "landing" / "tweets" / DIGEST / ".full_data_1_.tsv.part"
    staged.parent.mkdir(parents=True)
    staged.write_bytes(left)
    assert landed_files(lake, "tweets") == []
    assert land(lake, file, "tweets").is_new
    assert not staged.exists()


def test_another_digest_and_an_empty_file_do_not_land(tmp_path: Path, file: Path) -> None:
    lake, empty = Settings(home=tmp_path), tmp_path / "empty"
    empty.touch()
    with pytest.raises(InputError) as caught:
        land(lake, file, "tweets", 64 * "0")
    assert str(caught.value) == (
        f"{file.name} has the SHA-256 {DIGEST}, not {64 * '0'} as it should; nothing was landed: check both"
    )
    with pytest.raises(InputError, match=r"empty is empty; its first line must name the columns"):
        land(lake, empty, "tweets")
    assert not Path(lake.warehouse).exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, file: Path) -> None:
    (tmp_path / "warehouse").touch()
    with pytest.raises(StoreError, match=r"cannot write .*/full_data_1_.tsv: Not a directory; free what it needs"):
        land(Settings(home=tmp_path), file, "tweets")


@pytest.mark.parametrize(
    ("origin", "digest", "message"),
    [
        ("", None, "there is nothing to ingest: name a file or a URL, such as https://host/tweets.gz"),
        (
            "t.tsv",
            "abc",
            "'abc' is no SHA-256: give 64 hexadecimal digits, as `sha256sum FILE` prints them",
        ),
        ("/nowhere", None, "cannot read /nowhere: No such file or directory; give readable data, plain or gzip"),
    ],
)
def test_what_cannot_be_ingested_is_said_in_a_sentence(
    tmp_path: Path, origin: str, digest: str | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        ingest(Settings(home=tmp_path), "tweets", origin, Console(file=io.StringIO()), digest)
    assert str(caught.value) == message


def test_without_aria2c_it_says_what_to_install() -> None:
    with pytest.raises(PrerequisiteError) as caught:
        find_aria2c({"PATH": "/nowhere"})
    assert str(caught.value) == (
        "downloads need the program aria2c, which is not on PATH: install it, e.g. Debian's aria2"
    )


def test_the_parts_print_where_a_file_lies_and_nothing_else(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDELINE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(str(file)))
    assert main(["ingest", "tweets", "-", "--sha256", DIGEST]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/warehouse/landing/tweets/{DIGEST}/full_data_1_.tsv\n"
    assert main(["generate", "--rows", "20", "--seed", "3"]) == 0
    made = Path(capsys.readouterr().out.strip())
    assert (made, len(made.read_bytes().splitlines())) == (tmp_path / "generated" / "emissions-20-seed-3.csv", 21)
