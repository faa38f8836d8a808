"""What the machine must have first: Python 3.11 or 3.12, a JDK 17 or 21. Needs the standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tideline.errors import PrerequisiteError

PYTHON_VERSIONS = ((3, 11), (3, 12))
JDK_VERSIONS = (17, 21)
INSTALL_JDK = "install one, e.g. Debian's openjdk-17-jdk-headless, or set JAVA_HOME"


def find_java(variables: Mapping[str, str] = os.environ) -> Path:
    """The ``java`` that Spark would take, too: that of ``JAVA_HOME``, else the first on ``PATH``.

    Raises:
        PrerequisiteError: there is none.
    """
    return _program("java", variables)


def find_javac(variables: Mapping[str, str] = os.environ) -> Path:
    """The compiler of the same JDK.

    Raises:
        PrerequisiteError: there is none.
    """
    return _program("javac", variables)


def check_prerequisites(variables: Mapping[str, str] = os.environ, *, compiler: bool = True) -> None:
    """Check Python and the JDK; without a compiler a JRE will do.

    Raises:
        PrerequisiteError: one sentence per missing part, each with what to install.
    """
    found = (python_problem(sys.version_info[:2]), jdk_problem(variables, compiler=compiler))
    problems = [problem for problem in found if problem]
    if problems:
        raise PrerequisiteError("\n".join(problems))


def python_problem(version: tuple[int, int]) -> str | None:
    """Why this Python cannot run Tideline, or None."""
    if version in PYTHON_VERSIONS:
        return None
    found = ".".join(map(str, version))
    return f"Tideline needs Python 3.11 or 3.12, got {found}: install one, or name it by PYTHON=."


def jdk_problem(variables: Mapping[str, str], *, compiler: bool = True) -> str | None:
    """Why the JDK that these variables lead to cannot run Tideline, or None."""
    try:
        programs = [_program(name, variables) for name in (("java", "javac") if compiler else ("java",))]
    except PrerequisiteError as error:
        return str(error)
    versions = {program: java_version(program) for program in programs}
    wrong = [
        f"{program} is {found or 'unreadable'}" for program, found in versions.items() if found not in JDK_VERSIONS
    ]
    return f"Tideline needs a JDK 17 or 21, but {' and '.join(wrong)}: {INSTALL_JDK}." if wrong else None


def java_version(program: Path) -> int | None:
    """The major version that ``java`` or ``javac`` reports, or None if it reports none.

    >>> parse_java_version('openjdk version "17.0.15" 2025-04-15')
    17
    """
    result = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=60)
    return parse_java_version(result.stderr + result.stdout)


def parse_java_version(text: str) -> int | None:
    """The major version in the output of ``-version``, or None.

    >>> parse_java_version('javac 21.0.2')
    21
    >>> parse_java_version('java version "1.8.0_392"')
    1
    """
    found = re.search(r'(?:javac |version ")(\d+)', text)
    return int(found.group(1)) if found else None


def _program(name: str, variables: Mapping[str, str]) -> Path:
    home = variables.get("JAVA_HOME")
    found = shutil.which(name, path=str(Path(home) / "bin") if home else variables.get("PATH", ""))
    if found is None:
        where = f"in JAVA_HOME={home}" if home else "on PATH"
        msg = f"Tideline needs a JDK 17 or 21, but there is no {name} {where}: {INSTALL_JDK}."
        raise PrerequisiteError(msg)
    return Path(found)


if __name__ == "__main__":
    try:
        check_prerequisites()
    except PrerequisiteError as missing:
        sys.exit(str(missing))
