"""Who may import whom, read from the source: the kernel stands alone, the packages meet only in it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "tideline": set(),
    "producers": {"tideline"},
    "streaming": {"tideline"},
    "expectations": {"tideline"},
    "batch": {"tideline", "expectations"},
    "dags": set(),
    "deployment": {"tideline"},
    "proofs": {"tideline", "batch"},
    "cli": {"tideline", "producers", "streaming", "expectations", "batch", "proofs"},
}
WITHOUT_SPARK = ("producers/**/*.py", "dags/*.py", "tideline/schemas.py", "tideline/records.py", "tideline/reasons.py")


def imports_of(file: Path) -> set[str]:
    """The modules that a file imports anywhere in it, also those within functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} is a relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_those_that_it_may(package: str) -> None:
    others = set(MAY_IMPORT) - {package} - MAY_IMPORT[package]
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports_of(file)
        if module.split(".")[0] in others
    }
    assert found == set()


def test_what_producers_and_the_registry_need_has_no_spark() -> None:
    files = [file for pattern in WITHOUT_SPARK for file in ROOT.glob(pattern)]
    assert len(files) > len(WITHOUT_SPARK)
    spark = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files
        for module in imports_of(file)
        if module.split(".")[0] in {"pyspark", "delta"}
    }
    assert spark == set()
