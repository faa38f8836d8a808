from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from cli.init import new_secrets
from cli.main import main
from tideline.private_file import read_private


def init(file: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["tideline", "init", "--output", str(file)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_the_file_is_its_owners_alone_and_no_secret_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ".env"
    assert init(file, monkeypatch) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = read_private(file)
    assert set(written) == set(new_secrets())
    said = "".join(capsys.readouterr())
    assert not any(value in said for name, value in written.items() if "USER" not in name)


def test_an_existing_file_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / ".env"
    file.write_text("mine")
    assert init(file, monkeypatch) == 1
    assert file.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
    assert capsys.readouterr().err == (
        f"error: {file} exists and its secrets may be in use; delete it first, or name another by --output\n"
    )


def test_every_secret_is_another_one_each_time() -> None:
    first, second = new_secrets(), new_secrets()
    assert [name for name in first if first[name] == second[name]] == ["POSTGRES_USER"]
