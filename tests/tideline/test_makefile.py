import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_make_alone_explains_every_target_that_a_user_can_call() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    explained = re.findall(r"^make (\S+) +\S", make().stdout, re.MULTILINE)
    assert sorted(explained) == sorted(set(phony.group(1).split()) - {"prerequisites"})


def test_a_missing_python_is_named_in_one_sentence() -> None:
    result = make("setup", "PYTHON=")
    assert result.returncode != 0
    assert result.stderr.splitlines()[0] == (
        "Tideline needs Python 3.11 or 3.12 with venv: install one (Debian: python3.11-venv), "
        "or name it, e.g. make setup PYTHON=/opt/python/bin/python3.11."
    )


def test_the_locks_hold_no_address_and_no_path() -> None:
    for lock in (
        "requirements.lock",
        "requirements-bootstrap.lock",
        "requirements-rivals.lock",
        "tideline/jars/jars.lock",
    ):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert not re.search(r"(^|\s)/\w", text)
        assert "--index" not in text


def test_every_locked_package_has_a_hash() -> None:
    for lock in ("requirements.lock", "requirements-bootstrap.lock", "requirements-rivals.lock"):
        packages = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
        assert [package for package in packages if "--hash=sha256:" not in package] == []
