"""The jars of Spark, of the embedded Kafka and of the Java tests: declared, locked, installed into the environment.

Owns ``jars.lock`` and ``<environment>/share/tideline/jars/{spark,kafka,test}``; refuses any other jar.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from tideline.errors import JarLockError
from tideline.jars.ivy import Module, pyspark_jars, retrieve

LOCK = Path(str(files("tideline.jars") / "jars.lock"))
ROOT = Path(sys.prefix) / "share" / "tideline" / "jars"
KINDS = ("spark", "kafka", "test")
_HINT = "run make setup"

_AWS_SDK = "2.35.4"
DECLARED = {
    "spark": (
        Module.parse("io.delta:delta-spark_4.2_2.13:4.4.0", transitive=True),
        Module.parse("org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0", transitive=True),
        Module.parse("org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0"),
        Module.parse("org.apache.kafka:kafka-clients:3.9.2", transitive=True),
        Module.parse("org.apache.hadoop:hadoop-aws:3.5.0"),
        # The three modules in use instead of the 650 MB bundle that hadoop-aws asks for.
        Module.parse(f"software.amazon.awssdk:s3:{_AWS_SDK}", transitive=True),
        Module.parse(f"software.amazon.awssdk:s3-transfer-manager:{_AWS_SDK}", transitive=True),
        Module.parse(f"software.amazon.awssdk:sts:{_AWS_SDK}", transitive=True),
        Module.parse("software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3:1.3.1", transitive=True),
        Module.parse("org.wildfly.openssl:wildfly-openssl:2.2.5.Final"),
        # Only its checkpoint manager; the other clouds' connectors it asks for are not.
        Module.parse("org.apache.spark:spark-hadoop-cloud_2.13:4.1.2"),
    ),
    "kafka": (
        Module.parse("org.apache.kafka:kafka_2.13:4.3.1", transitive=True),
        Module.parse("org.apache.logging.log4j:log4j-slf4j-impl:2.25.4", transitive=True),
    ),
    # One jar with all that it needs.
    "test": (Module.parse("org.junit.platform:junit-platform-console-standalone:1.14.1"),),
}
"""What each set is made for; the lock holds these and all that they need. Kafka's jars never meet Spark's."""


class LockedJar(NamedTuple):
    """One line of the lock."""

    kind: str
    module: Module
    sha256: str

    def __str__(self) -> str:
        return f"{self.kind} {self.module} {self.sha256}"


def jars_dir(kind: str) -> Path:
    """The folder of the installed jars of one kind; it appears whole or not at all.

    Raises:
        JarLockError: it is not there.
    """
    folder = ROOT / kind
    if not folder.is_dir():
        msg = f"{kind}'s jars are not in {folder}: {_HINT}"
        raise JarLockError(msg)
    return folder


def read_lock(path: Path = LOCK) -> list[LockedJar]:
    """Read a lock: one ``kind group:artifact:version sha256`` per line.

    Raises:
        JarLockError: the first line that is none.
    """
    jars = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            kind, coordinates, sha256 = line.split()
            jars.append(LockedJar(kind, Module.parse(coordinates), sha256))
        except ValueError as error:
            msg = f"{path}, line {number}: expected kind group:artifact:version sha256, got {line!r}"
            raise JarLockError(msg) from error
    return jars


def verify(locked: list[LockedJar], kind: str, folder: Path) -> None:
    """Check that a folder holds the locked jars of one kind and no other file.

    Raises:
        JarLockError: names every jar that is missing, unknown or different.
    """
    wanted = {jar.module.file_name: jar for jar in locked if jar.kind == kind}
    found = {path.name for path in folder.glob("*")}
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found)]
    problems += [f"{name} is not in the lock" for name in sorted(found - wanted.keys())]
    problems += _differences([(folder / name, wanted[name]) for name in sorted(wanted.keys() & found)])
    if problems:
        msg = f"{folder} is not what the jar lock names: {'; '.join(problems)}; delete the folder and {_HINT}"
        raise JarLockError(msg)


def install(locked: list[LockedJar], kind: str, root: Path, on_jar: Callable[[], None] = lambda: None) -> Path:
    """Fetch the locked jars of one kind, check them, and only then move the folder into place.

    A complete folder is verified and left; after a kill the downloads go on where they stopped.

    Args:
        locked: the lock.
        kind: one of ``KINDS``.
        root: the parent of the jar folders.
        on_jar: called after each download.

    Raises:
        JarLockError: a jar cannot be fetched or is not the locked one.
    """
    folder, cache, staging = root / kind, root / f".{kind}.ivy", root / f".{kind}.new"
    modules = [jar.module for jar in locked if jar.kind == kind]
    if {path.name for path in folder.glob("*")} == {module.file_name for module in modules}:
        verify(locked, kind, folder)
        return folder
    shutil.rmtree(staging, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    retrieve(modules, f"{staging}/[artifact]-[revision].[ext]", cache, poms=False, on_jar=on_jar)
    try:
        verify(locked, kind, staging)
    except JarLockError:
        shutil.rmtree(cache)  # or the next run would take the same file from it
        raise
    shutil.rmtree(folder, ignore_errors=True)
    staging.rename(folder)
    shutil.rmtree(cache)
    return folder


def build_lock(kind: str, work: Path) -> list[LockedJar]:
    """Resolve the declared modules of one kind and all that they need, less what pyspark already has.

    Args:
        kind: one of ``KINDS``.
        work: an empty folder for Ivy's cache and the jars.
    """
    retrieve(DECLARED[kind], f"{work}/jars/[organisation]/[artifact]/[revision].[ext]", work / "cache", poms=True)
    present = [path.name for path in pyspark_jars().glob("*.jar")] if kind == "spark" else []
    jars = [
        LockedJar(kind, Module(path.parts[-3], path.parts[-2], path.stem), _sha256(path))
        for path in sorted(work.glob("jars/*/*/*.jar"))
    ]
    return [jar for jar in jars if not _has_artifact(present, jar.module.artifact)]


def _has_artifact(names: list[str], artifact: str) -> bool:
    return any(re.match(rf"{re.escape(artifact)}-\d", name) for name in names)


def _differences(pairs: list[tuple[Path, LockedJar]]) -> list[str]:
    found = ((path, jar, _sha256(path)) for path, jar in pairs)
    return [f"{path.name} has SHA-256 {got}, locked is {jar.sha256}" for path, jar, got in found if got != jar.sha256]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
