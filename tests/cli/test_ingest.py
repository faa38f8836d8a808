import hashlib
from pathlib import Path

import pytest

from tests.cli.test_main import run


def test_standard_output_is_where_the_file_lies_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "e.csv"
    file.write_bytes(b"date,domain\n")
    digest = hashlib.sha256(b"date,domain\n").hexdigest()
    path = f"{tmp_path}/warehouse/landing/emissions/{digest}/e.csv"
    assert run(f"ingest emissions {file}", monkeypatch, TIDELINE_HOME=str(tmp_path)) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"{path}\n", f"e.csv landed and read back; SHA-256 {digest}\n")
    assert run(f"ingest emissions {file}", monkeypatch, TIDELINE_HOME=str(tmp_path)) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"{path}\n", f"e.csv is there already, whole: nothing was written; SHA-256 {digest}\n")


def test_what_fails_is_one_sentence_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ingest tweets https://host:port/t.tsv", monkeypatch, TIDELINE_HOME=str(tmp_path)) == 1
    assert capsys.readouterr() == (
        "",
        "error: cannot download 'https://host:port/t.tsv': only URLs of http and https are taken, such as "
        "https://host/tweets.tsv.gz, in ASCII and without spaces\n",
    )
