from pathlib import Path

import pytest

from tideline.errors import JarLockError
from tideline.jars.ivy import Module
from tideline.jars.lock import DECLARED, LockedJar, install, read_lock, verify

# SHA-256 of b"one" and b"two"
ONE = LockedJar(
    "spark", Module.parse("org.x:one:1.0"), "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
)
TWO = LockedJar(
    "spark",
    Module.parse("org.x:two_2.13:2.0"),
    "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",
)
KAFKA = LockedJar("kafka", Module.parse("org.x:three:3.0"), "0" * 64)
LOCK = [ONE, TWO, KAFKA]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "spark"
    folder.mkdir()
    (folder / "one-1.0.jar").write_bytes(b"one")
    (folder / "two_2.13-2.0.jar").write_bytes(b"two")
    return tmp_path


def test_the_locked_jars_of_one_kind_are_accepted(root: Path) -> None:
    verify(LOCK, "spark", root / "spark")


def test_a_tampered_jar_is_refused_with_both_digests(root: Path) -> None:
    (root / "spark" / "one-1.0.jar").write_bytes(b"two")
    with pytest.raises(JarLockError) as error:
        verify(LOCK, "spark", root / "spark")
    assert str(error.value) == (
        f"{root}/spark is not what the jar lock names: one-1.0.jar has SHA-256 {TWO.sha256}, "
        f"locked is {ONE.sha256}; delete the folder and run make setup"
    )


def test_a_missing_and_an_unknown_jar_are_named_together(root: Path) -> None:
    (root / "spark" / "one-1.0.jar").rename(root / "spark" / "other.jar")
    with pytest.raises(JarLockError, match=r"one-1\.0\.jar is missing; other\.jar is not in the lock"):
        verify(LOCK, "spark", root / "spark")


def test_a_complete_folder_is_not_downloaded_again(root: Path) -> None:
    before = (root / "spark").stat().st_mtime_ns
    downloads: list[int] = []
    assert install(LOCK, "spark", root, lambda: downloads.append(1)) == root / "spark"
    assert (downloads, (root / "spark").stat().st_mtime_ns) == ([], before)


def test_installing_over_a_tampered_jar_is_refused(root: Path) -> None:
    (root / "spark" / "one-1.0.jar").write_bytes(b"two")
    with pytest.raises(JarLockError, match=r"one-1\.0\.jar has SHA-256"):
        install(LOCK, "spark", root)


def test_a_lock_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "jars.lock"
    path.write_text("".join(f"{jar}\n" for jar in LOCK))
    assert read_lock(path) == LOCK


def test_an_unreadable_line_of_the_lock_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "jars.lock"
    path.write_text(f"{ONE}\nspark org.x:one\n")
    with pytest.raises(JarLockError) as error:
        read_lock(path)
    assert str(error.value) == (f"{path}, line 2: expected kind group:artifact:version sha256, got 'spark org.x:one'")


def test_the_committed_lock_holds_every_declared_jar() -> None:
    locked = {(jar.kind, str(jar.module)) for jar in read_lock()}
    declared = {(kind, str(module)) for kind, modules in DECLARED.items() for module in modules}
    assert declared <= locked
