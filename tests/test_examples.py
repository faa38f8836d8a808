"""The examples in docstrings, of every module whose text has one."""

import doctest
import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROMPT = ">>> "


def modules_with_examples() -> dict[str, int]:
    """How many examples there are in the text of each module that has any."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"]
    files = [file for package in packages for file in sorted((ROOT / package).rglob("*.py"))]
    counts = {file: file.read_text().count(PROMPT) for file in files}
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts): count for file, count in counts.items() if count > 0
    }


EXAMPLES = modules_with_examples()


@pytest.mark.parametrize("module", EXAMPLES)
def test_the_examples_of_a_module_hold_and_none_is_overlooked(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module))
    assert result == doctest.TestResults(failed=0, attempted=EXAMPLES[module])
