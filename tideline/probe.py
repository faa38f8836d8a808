"""The start-up probe: does the store keep two drivers' commits apart? Tried once per store, then remembered there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from tideline.errors import CommitError, StoreError
from tideline.jvm import LOCAL_CLASS, S3_CLASS
from tideline.race import PROBE_FOLDER, race_problem
from tideline.settings import S3A, Settings
from tideline.storage import Storage, open_storage

VERDICT = f"{PROBE_FOLDER}/commits.json"
_TAKEN = "java.nio.file.FileAlreadyExistsException"


def require_safe_commits(spark: SparkSession, settings: Settings) -> None:
    """Refuse to write beside the stream where that could lose commits.

    Raises:
        CommitError: says what is wrong and what to do.
    """
    problem = commit_problem(spark, settings)
    if problem is not None:
        msg = f"{problem}; nothing may write beside the stream until then"
        raise CommitError(msg)


def commit_problem(spark: SparkSession, settings: Settings) -> str | None:
    """Why two drivers could lose commits in this warehouse, or None.

    Which class Delta uses is looked at each time. What the store does with it is tried once per store and class.
    """
    path = settings.warehouse
    table = f"{path}/{PROBE_FOLDER}/probe-{uuid4().hex}"
    expected = S3_CLASS if path.startswith(S3A) else LOCAL_CLASS
    log_store, version = _resolve(spark, table)
    found = str(log_store.getClass().getName())
    if found != expected:
        return f"Delta commits to {path} by {found} instead of {expected}: set spark.delta.logStore.* as Tideline does"
    storage = open_storage(settings, path)
    verdict = json.dumps({"log_store": found, "endpoint": settings.s3_endpoint}).encode()
    if storage.exists(VERDICT) and storage.read(VERDICT) == verdict:
        return None
    with _dropped(storage, table.removeprefix(f"{path}/")) as folder:
        problem = race_problem(storage, folder) or _write_problem(spark, log_store, version)
    if problem is None:
        storage.write(VERDICT, verdict)
    return problem


@contextmanager
def _dropped(storage: Storage, folder: str) -> Iterator[str]:
    try:
        yield folder
    finally:
        # Whoever may not delete leaves a few small files, once.
        with suppress(StoreError):
            storage.drop(folder)


def _resolve(spark: SparkSession, table: str) -> tuple[Any, Any]:
    """The log store that Delta itself takes for this table, and the path of a version in its log."""
    jvm: Any = spark._jvm
    log = jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, table)
    folder = log.logPath()
    version = jvm.org.apache.hadoop.fs.Path(folder, "00000000000000000000.json")
    return log.store().getDelegate(folder).logStoreImpl(), version


def _write_problem(spark: SparkSession, log_store: Any, version: Any) -> str | None:
    """Write one version twice through the log store."""
    jvm: Any = spark._jvm
    conf = spark._jsparkSession.sessionState().newHadoopConf()
    version.getFileSystem(conf).mkdirs(version.getParent())
    lines = jvm.java.util.ArrayList()
    lines.add("{}")
    log_store.write(version, lines.iterator(), False, conf)
    try:
        log_store.write(version, lines.iterator(), False, conf)
    except Py4JJavaError as error:
        if error.java_exception.getClass().getName() == _TAKEN:
            return None
        raise
    return f"{version} was written twice, and the second writer was not told: use another store"
