from pathlib import Path

import pytest

from tideline.errors import PrerequisiteError
from tideline.prerequisites import check_prerequisites, jdk_problem, python_problem

INSTALL = "install one, e.g. Debian's openjdk-17-jdk-headless, or set JAVA_HOME."


def fake_jdk(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    for name, text in (("java", f'openjdk version \\"{version}\\"'), ("javac", f"javac {version}")):
        program = home / "bin" / name
        program.write_text(f'#!/bin/sh\necho "{text}" >&2\n')
        program.chmod(0o755)
    return home


def test_this_machine_has_what_tideline_needs() -> None:
    check_prerequisites()


@pytest.mark.parametrize("version", [(3, 11), (3, 12)])
def test_python_3_11_and_3_12_are_accepted(version: tuple[int, int]) -> None:
    assert python_problem(version) is None


def test_another_python_is_refused() -> None:
    assert python_problem((3, 13)) == (
        "Tideline needs Python 3.11 or 3.12, got 3.13: install one, or name it by PYTHON=."
    )


def test_a_machine_without_a_jdk_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError) as error:
        check_prerequisites({"PATH": str(tmp_path)})
    assert str(error.value) == f"Tideline needs a JDK 17 or 21, but there is no java on PATH: {INSTALL}"


def test_a_java_without_a_compiler_is_enough_only_where_nothing_is_compiled(tmp_path: Path) -> None:
    home = fake_jdk(tmp_path / "jre", "17.0.15")
    (home / "bin" / "javac").unlink()
    expected = f"Tideline needs a JDK 17 or 21, but there is no javac in JAVA_HOME={home}: {INSTALL}"
    variables = {"JAVA_HOME": str(home), "PATH": ""}
    assert jdk_problem(variables) == expected
    assert jdk_problem(variables, compiler=False) is None


@pytest.mark.parametrize("version", ["17.0.15", "21.0.2"])
def test_jdk_17_and_21_are_accepted(tmp_path: Path, version: str) -> None:
    assert jdk_problem({"JAVA_HOME": str(fake_jdk(tmp_path / "jdk", version))}) is None


def test_an_old_jdk_is_refused_with_its_version(tmp_path: Path) -> None:
    home = fake_jdk(tmp_path / "jdk", "11.0.2")
    assert jdk_problem({"JAVA_HOME": str(home)}) == (
        f"Tideline needs a JDK 17 or 21, but {home}/bin/java is 11 and {home}/bin/javac is 11: {INSTALL}"
    )
