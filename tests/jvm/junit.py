"""Compiles the Java tests and runs them with JUnit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tideline.jars import jars_dir
from tideline.jars.ivy import pyspark_jars
from tideline.jvm import SOURCES, compile_classes
from tideline.prerequisites import find_java


def compile_tests(work: Path) -> Path:
    """Compile sources and tests as they stand; returns the folder of their classes."""
    libraries = [str(jar) for jar in sorted(jars_dir("spark").glob("*.jar")) + sorted(pyspark_jars().glob("*.jar"))]
    classes = work / "classes"
    compile_classes(sorted(SOURCES.rglob("*.java")), [*libraries, str(_junit())], classes)
    (classes / "log4j2.properties").write_text("rootLogger.level = off\n")
    return classes


def run_junit(classes: Path, test: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one test class.

    Args:
        classes: what ``compile_tests`` returned.
        test: the name of the class.
        variables: what the tests find in their environment, such as the store's credentials.
    """
    java = [str(find_java()), "-Xmx512m", "-XX:TieredStopAtLevel=1"]
    folders = [str(classes), f"{jars_dir('spark')}/*", f"{pyspark_jars()}/*", str(_junit())]
    launcher = ["-cp", ":".join(folders), "org.junit.platform.console.ConsoleLauncher", "execute"]
    options = ["--select-class", test, "--details", "tree", "--disable-banner", "--disable-ansi-colors"]
    return subprocess.run(
        [
            *java,
            f"-Dlog4j2.configurationFile=file:{classes / 'log4j2.properties'}",
            *launcher,
            *options,
            "--fail-if-no-tests",
        ],
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _junit() -> Path:
    return next(jars_dir("test").glob("junit-platform-console-standalone-*.jar"))
