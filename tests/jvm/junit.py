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


def run_junit(work: Path, test: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Compile sources and tests as they stand, and run one test class.

    Args:
        work: a folder for the classes.
        test: the name of the class.
        variables: what the tests find in their environment, such as the store's credentials.
    """
    libraries = [str(jar) for jar in sorted(jars_dir("spark").glob("*.jar")) + sorted(pyspark_jars().glob("*.jar"))]
    junit = next(jars_dir("test").glob("junit-platform-console-standalone-*.jar"))
    compile_classes(sorted(SOURCES.rglob("*.java")), [*libraries, str(junit)], work / "classes")
    quiet = work / "log4j2.properties"
    quiet.write_text("rootLogger.level = off\n")
    java = [str(find_java()), "-Xmx512m", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile=file:{quiet}"]
    folders = [str(work / "classes"), f"{jars_dir('spark')}/*", f"{pyspark_jars()}/*", str(junit)]
    launcher = ["-cp", ":".join(folders), "org.junit.platform.console.ConsoleLauncher", "execute"]
    options = ["--select-class", test, "--details", "tree", "--disable-banner", "--disable-ansi-colors"]
    return subprocess.run(
        [*java, *launcher, *options, "--fail-if-no-tests"],
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
