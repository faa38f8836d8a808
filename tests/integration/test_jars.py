from pathlib import Path

import pytest

from tideline.errors import JarLockError
from tideline.jars.lock import install, read_lock

pytestmark = pytest.mark.integration

SMALL = next(jar for jar in read_lock() if jar.module.artifact == "reactive-streams")


def test_a_download_that_is_not_the_locked_jar_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(JarLockError, match=rf"has SHA-256 {SMALL.sha256}, locked is 0000"):
        install([SMALL._replace(sha256="0" * 64)], "spark", tmp_path)
    assert not (tmp_path / "spark").exists()


def test_an_interrupted_installation_is_completed(tmp_path: Path) -> None:
    (tmp_path / ".spark.new").mkdir()
    (tmp_path / ".spark.new" / SMALL.module.file_name).write_bytes(b"half")
    (tmp_path / "spark").mkdir()
    downloads: list[int] = []
    folder = install([SMALL], "spark", tmp_path, lambda: downloads.append(1))
    assert [path.name for path in folder.iterdir()] == [SMALL.module.file_name]
    assert [path.name for path in tmp_path.iterdir()] == ["spark"]
    assert downloads == [1]
