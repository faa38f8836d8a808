"""What ``tideline doctor`` looks at: each check finds something out and says it in one line."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from tideline.broker import is_external
from tideline.errors import StoreError, TidelineError
from tideline.race import PROBE_FOLDER
from tideline.settings import S3A, Settings
from tideline.storage import Storage

SMALLEST_DISK_BYTES = 2 << 30
"""A demo needs a tenth of it; Kafka stops for good on a full disk."""

OBJECT = f"{PROBE_FOLDER}/doctor"

LARGEST_SKEW = timedelta(minutes=5)
"""S3 refuses requests whose time is further off."""


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis; ``advice`` is empty where all is well."""

    subject: str
    found: str
    advice: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.advice


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Everything that must hold before a stream starts, cheapest first; each finding comes as soon as it is known."""
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("Python and JDK", _prerequisites),
        ("Spark's jars", lambda _: _jars("spark")),
        *([] if is_external(settings) else [("Kafka's jars", lambda _: _jars("kafka"))]),
        ("versions", lambda _: _versions()),
        ("Java classes", lambda _: _java_classes()),
        ("disk", _disk),
        ("ports", _ports),
        ("broker and topics", _topics),
    ]
    if settings.on_s3:
        checks.append(("S3 store", _store))
    checks += [("exclusive writes", _exclusive_writes), ("checkpoints", _checkpoints)]
    for subject, check in checks:
        try:
            yield Finding(subject, check(settings))
        except CheckError as problem:
            yield Finding(subject, problem.found, problem.advice)
        except TidelineError as error:
            yield Finding(subject, "not as it must be", str(error))


class CheckError(Exception):
    """What a check found wrong, and what to do."""

    def __init__(self, found: str, advice: str) -> None:
        super().__init__(found)
        self.found = found
        self.advice = advice


def _prerequisites(_: Settings) -> str:
    from tideline.jvm import JAR
    from tideline.prerequisites import check_prerequisites, find_java, java_version

    check_prerequisites(compiler=not JAR.is_file())
    java = find_java()
    return f"Python {platform.python_version()}, Java {java_version(java)} ({java})"


def _jars(kind: str) -> str:
    from tideline.jars.lock import jars_dir, read_lock, verify

    locked, folder = read_lock(), jars_dir(kind)
    verify(locked, kind, folder)
    return f"{sum(jar.kind == kind for jar in locked)} jars, all with the locked SHA-256"


def _versions() -> str:
    """The parts that pip and the jar lock bring separately must be made for each other."""
    from importlib.metadata import version

    from tideline.jars.ivy import pyspark_jars
    from tideline.jars.lock import read_lock

    locked = {jar.module.artifact: jar.module.version for jar in read_lock()}
    delta = next(artifact for artifact in locked if artifact.startswith("delta-spark_"))
    scala = delta.rpartition("_")[2]
    own = {}
    for path in pyspark_jars().glob("*.jar"):
        parts = re.fullmatch(r"(.+?)-(\d[\w.]*)\.jar", path.name)
        if parts:
            own[parts[1]] = parts[2]
    pairs = {
        "pyspark and pyspark-client": (version("pyspark"), version("pyspark-client")),
        "pyspark and spark-sql-kafka": (version("pyspark"), locked[f"spark-sql-kafka-0-10_{scala}"]),
        "delta-spark and its jar": (version("delta-spark"), locked[delta]),
        "hadoop-client and hadoop-aws": (own["hadoop-client-api"], locked["hadoop-aws"]),
        "Scala of Spark and of the jars": (own["scala-library"].rpartition(".")[0], scala),
    }
    wrong = [f"{names}: {one} and {other}" for names, (one, other) in pairs.items() if one != other]
    if wrong:
        raise CheckError("; ".join(wrong), "these must be equal: run make setup, which installs the locked ones")
    return (
        f"Spark {version('pyspark')}, Delta {version('delta-spark')}, Scala {own['scala-library']}, "
        f"Hadoop {own['hadoop-client-api']}, Kafka {locked[f'kafka_{scala}']} (client {locked['kafka-clients']})"
    )


def _java_classes() -> str:
    from tideline.jvm import jvm_jar

    return f"compiled: {jvm_jar().name}"


def _disk(settings: Settings) -> str:
    folders = [settings.home, *(Path(p) for p in (settings.warehouse, settings.checkpoints) if not p.startswith(S3A))]
    for folder in folders:
        if not os.access(_existing(folder), os.W_OK):
            found = f"{folder} may not be written by this user"
            raise CheckError(found, "own it, or set TIDELINE_HOME to another folder")
    free, fullest = min((shutil.disk_usage(_existing(folder)).free, folder) for folder in folders)
    text = f"{free / 2**30:.1f} GiB free at {fullest}"
    holds_data = len(folders) > 1 or not is_external(settings)
    if holds_data and free < SMALLEST_DISK_BYTES:
        raise CheckError(text, "Kafka and Delta stop on a full disk: free some, or set TIDELINE_HOME to another one")
    return text


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _ports(settings: Settings) -> str:
    from tideline.broker import broker_status
    from tideline.minio import minio_status
    from tideline.services import bind_problem

    wanted = {
        "TIDELINE_KAFKA_PORT": (settings.kafka_port, broker_status(settings)),
        "TIDELINE_KAFKA_CONTROLLER_PORT": (settings.kafka_controller_port, broker_status(settings)),
        "TIDELINE_MINIO_PORT": (settings.minio_port, minio_status(settings)),
    }
    taken = [
        f"{port} ({name})"
        for name, (port, service) in wanted.items()
        if not service.running and bind_problem(port) is not None
    ]
    if taken:
        found = f"taken by another program: {', '.join(taken)}"
        raise CheckError(found, "end that program, or set the named settings to free ports")
    ours = {service.name for _, service in wanted.values() if service.running}
    return f"{', '.join(str(port) for port, _ in wanted.values())}: free" + (
        f", or held by our own {' and '.join(sorted(ours))}" if ours else ""
    )


def _topics(settings: Settings) -> str:
    from tideline.topics import check_topics, declared_topics

    check_topics(settings)
    names = ", ".join(f"{t.name} ({t.partitions} partitions)" for t in declared_topics(settings))
    return f"{settings.kafka_bootstrap} has {names}"


def _store(settings: Settings) -> str:
    from tideline.s3 import client, ensure_buckets
    from tideline.storage import S3Storage

    ensure_buckets(settings)
    rights = []
    for path in dict.fromkeys(path for path in (settings.warehouse, settings.checkpoints) if path.startswith(S3A)):
        storage = S3Storage(settings, path, client(settings))
        with _named(f"may not list, write and read in {path}"):
            storage.names(OBJECT)
            storage.write(f"{OBJECT}/object", b"doctor")
            store_time = storage.read_stamped(f"{OBJECT}/object").read_at
        rights.append(f"{path}: list, write, read" + (", delete" if _may_delete(storage) else ", but not delete"))
    skew = abs(datetime.now(UTC) - store_time)
    if skew > LARGEST_SKEW:
        found = f"its clock and ours are {skew.total_seconds():.0f} s apart"
        raise CheckError(found, "S3 refuses what is signed so far off: set this machine's clock, best by NTP")
    return f"{settings.s3_endpoint}, clocks {skew.total_seconds():.0f} s apart; may in {'; '.join(rights)}"


def _may_delete(storage: Storage) -> bool:
    try:
        storage.drop(OBJECT)
    except StoreError:
        return False
    return True


@contextmanager
def _named(found: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise CheckError(found, f"{error}; `tideline s3 bootstrap` makes users who may") from error


def _exclusive_writes(settings: Settings) -> str:
    from tideline.race import race_problem
    from tideline.storage import open_storage

    storage = open_storage(settings, settings.warehouse)
    if not _may_delete(storage):
        return "not tried: these credentials may not delete what the trial writes; those of maintenance may"
    folder = f"{PROBE_FOLDER}/doctor-{uuid4().hex}"
    try:
        problem = race_problem(storage, folder)
    except OSError as error:
        found = f"trying it in {storage.where} failed: {error.strerror}"
        raise CheckError(found, "it must be writable, and on a file system with hard links, such as ext4") from error
    finally:
        storage.drop(folder)
    if problem is not None:
        raise CheckError(problem, "until then, run no compaction beside the stream")
    return "of many writers of one name, one gets through"


def _checkpoints(settings: Settings) -> str:
    """Every query's checkpoint can be read and names a batch whose offsets are there."""
    from streaming.queries import QUERIES
    from tideline.checkpoints import read_checkpoint
    from tideline.storage import open_storage

    storage = open_storage(settings, settings.checkpoints)
    found = [query for query in QUERIES if read_checkpoint(storage, query) is not None]
    return f"{len(found)} of {len(QUERIES)} queries have one, all readable" if found else "none yet"
