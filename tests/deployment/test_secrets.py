from __future__ import annotations

import json
import stat
from configparser import ConfigParser
from pathlib import Path

from deployment.secrets import make_secrets, minio_root, passwords, postgres_password, write_credentials
from tideline.private_file import read_private

READ_BY_OTHER_IMAGES = {"minio.env", "password", "admin", "encryption-key", "metabase", "reader"}


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_a_second_start_keeps_every_secret_and_a_lost_one_is_made_anew(tmp_path: Path) -> None:
    assert len(make_secrets(tmp_path)) == 11
    before = contents(tmp_path)
    assert make_secrets(tmp_path) == []
    assert contents(tmp_path) == before
    postgres_password(tmp_path).unlink()
    assert make_secrets(tmp_path) == [postgres_password(tmp_path)]
    assert contents(tmp_path)["postgres/password"] != before["postgres/password"]


def test_no_two_homes_have_a_secret_in_common(tmp_path: Path) -> None:
    make_secrets(tmp_path / "a")
    make_secrets(tmp_path / "b")
    one, other = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert [name for name in one if one[name] == other[name]] == []


def test_a_file_is_its_owners_alone_but_where_another_image_reads_it(tmp_path: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in make_secrets(tmp_path)}
    assert modes == {name: 0o444 if name in READ_BY_OTHER_IMAGES else 0o600 for name in modes}


def test_each_file_has_the_form_that_its_reader_wants(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    assert set(read_private(minio_root(tmp_path))) == {"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"}
    assert [line.split(":")[:4] for line in passwords(tmp_path).read_text().splitlines()] == [
        ["*", "*", "*", "airflow"],
        ["*", "*", "*", "lake"],
    ]
    assert list(json.loads((tmp_path / "airflow" / "passwords.json").read_text())) == ["admin"]


def test_credentials_are_a_profile_and_newer_ones_take_the_place_of_older(tmp_path: Path) -> None:
    write_credentials(tmp_path, "old", "x")
    write_credentials(tmp_path, "stream-1", "s3cr3t")
    read = ConfigParser()
    read.read(tmp_path / "credentials")
    assert dict(read["default"]) == {"aws_access_key_id": "stream-1", "aws_secret_access_key": "s3cr3t"}
    assert [path.name for path in tmp_path.iterdir()] == ["credentials"]
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600
