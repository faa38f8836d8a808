"""The one Spark session: every conf that matters, with its reason. Tests override single keys visibly."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files

from pyspark.sql import SparkSession

from tideline.class_archive import archive_options
from tideline.jars import jars_dir
from tideline.jvm import LOG_STORES, jvm_jar
from tideline.s3 import credential_variables, endpoint_url, ensure_buckets
from tideline.settings import S3A, Settings

SUBMITTED = "PYSPARK_GATEWAY_PORT"
"""The variable by which spark-submit tells Python of the JVM that runs already."""

FIRST_COMPILER = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
"""Options of an application that runs for seconds: what the second compiler gains is less than what it takes.

With one compiler the JVM keeps room for a fifth of the code, and compiles nothing more once that is full."""

BOTH_COMPILERS = "-XX:TieredStopAtLevel=4"
"""The option that takes ``FIRST_COMPILER`` back where it came before: for applications that read rows for minutes."""

_HOT_METHODS = (
    "-XX:Tier4InvocationThreshold=30000 -XX:Tier4MinInvocationThreshold=10000 -XX:Tier4CompileThreshold=60000"
)
"""Options by which the second compiler waits for methods that run per row.

By the JVM's own thresholds it compiles Spark's planner too, which costs a fifth of what a JVM's first drain of a
million records takes."""

_CLASSES = "-XX:MetaspaceSize=300m"
"""Room for Spark's classes: the JVM begins with 21 MB, and collects its whole heap each time that it needs more."""

_DISTINCT = ("offset", "event_id", "tweet_id", "key", "value", "headers.list.element.value")
"""Columns whose values hardly repeat: Parquet would hash each for a dictionary, then give the dictionary up."""

_LOCAL_FILES = {
    # Hadoop runs a `chmod` for each local file that it creates.
    "spark.hadoop.fs.file.impl": "tideline.files.LocalFiles",
    # Spark's default for checkpoints runs four `readlink` for each file that gets its name by a rename. This one
    # renames as atomically; like the default, it would not notice a second writer, whom the lease keeps out.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
    ),
}
"""A micro-batch of one source with its counts started 46 processes before, each of some milliseconds."""

_ON_THIS_MACHINE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


def spark_conf(settings: Settings) -> dict[str, str]:
    """The Spark configuration of every Tideline application.

    Args:
        settings: the master and the driver's heap come from here.
    """
    log4j = f"-Dlog4j2.configurationFile=file:{files('tideline') / 'log4j2.properties'}"
    jars = f"{jars_dir('spark')}/*:{jvm_jar()}"
    return {
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.extraJavaOptions": f"{log4j} -XX:+UseParallelGC {_HOT_METHODS} {_CLASSES} {archive_options()}",
        # A cluster's executors must reach the driver; nobody else has to.
        **(_ON_THIS_MACHINE if settings.spark_master.startswith("local") else {}),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Queries share the cores by turns; first-in-first-out would let one backlog starve the live counts.
        "spark.scheduler.mode": "FAIR",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        **LOG_STORES,
        **_LOCAL_FILES,
        # Only names are kept there: without it a folder appears wherever the command is called.
        "spark.sql.warehouse.dir": f"{settings.home}/spark-warehouse",
        "spark.sql.session.timeZone": "UTC",
        # The default of 200 is frozen into a stateful checkpoint at its first start.
        "spark.sql.shuffle.partitions": "2",
        # Versions older than the retention are read where `clean` or a live query was stopped so long; maintenance has
        # kept their files then. Delta would refuse even a table's newest version, if that is old.
        "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
        # The default of 50 tasks per state reconstruction is most of a small commit's cost, and even the second task
        # costs more, in code that is generated for each, than it gains on a log of some thousand files.
        "spark.databricks.delta.snapshotPartitions": "1",
        # By default every file, however small, is cut for all cores. A task costs as much as reading some megabytes.
        "spark.sql.files.minPartitionNum": "1",
        "spark.sql.files.maxPartitionBytes": "32m",
        # Small tables and one driver: broadcast by size is right, re-planning each tiny query is not.
        "spark.sql.adaptive.enabled": "false",
        # The default of 100 classes is fewer than the stream's queries generate: each batch would push out what the
        # next one needs, and a third of the stream's time would go into compiling the same code again and again.
        "spark.sql.codegen.cache.maxEntries": "2000",
        # The state lives off the heap: memory stays bounded however many events the horizon holds.
        "spark.sql.streaming.stateStore.providerClass": (
            "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
        ),
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
        "spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows": "false",
        "spark.sql.streaming.stateStore.rocksdb.boundedMemoryUsage": "true",
        "spark.sql.streaming.stateStore.rocksdb.maxMemoryUsageMB": "256",
        # An empty batch writes a checkpoint for nothing; nothing here waits for a window to close.
        "spark.sql.streaming.noDataMicroBatches.enabled": "false",
        "spark.sql.streaming.minBatchesToRetain": "20",
        # On SIGTERM the stream stops its queries itself, between batches; Spark's own hook would not wait.
        "spark.sql.streaming.stopTimeout": "60s",
        "spark.sql.parquet.compression.codec": "snappy",
        # The default, INT96, has no statistics, and other readers take it for a time without a zone.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        **{f"spark.hadoop.parquet.enable.dictionary#{column}": "false" for column in _DISTINCT},
        **(_s3_conf(settings) if settings.on_s3 else {}),
    }


def build_session(settings: Settings, app: str, overrides: Mapping[str, str] | None = None) -> SparkSession:
    """Start Spark, or return the session that runs.

    Args:
        settings: see ``spark_conf``.
        app: the application's name.
        overrides: single keys that differ, named by the caller.

    Raises:
        StoreError: tables or checkpoints lie on S3, and the store cannot be reached or refuses.
    """
    conf = spark_conf(settings) | dict(overrides or {})
    ensure_buckets(settings)
    # Spark would take the first python3 on the PATH for its workers, which may be of another version.
    python = {"PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable)}
    with _environment(credential_variables(settings) | python):
        return SparkSession.builder.appName(app).config(map=dict(conf)).getOrCreate()


def job_session(settings: Settings, app: str, overrides: Mapping[str, str] | None = None) -> SparkSession:
    """The session of a job that spark-submit runs, or that is run by itself.

    Args:
        settings: see ``spark_conf``.
        app: the application's name.
        overrides: see ``build_session``; under spark-submit only what a running session can take.

    Raises:
        StoreError: see ``build_session``.
    """
    if SUBMITTED not in os.environ:
        return build_session(settings, app, overrides)
    ensure_buckets(settings)
    # spark-submit was given the configuration and the master: what the caller decided stands.
    return SparkSession.builder.config(map=dict(overrides or {})).getOrCreate()


def _s3_conf(settings: Settings) -> dict[str, str]:
    """What S3A must know of the store; not the credentials: every process list shows the configuration.

    Left alone on purpose: ``fs.s3a.performance.flags=create`` and ``fs.s3a.create.performance`` skip the check that
    keeps a commit from being overwritten; ``fs.s3a.create.conditional.enabled`` is that check and stays true.
    """
    url = endpoint_url(settings)
    conf = {
        "spark.hadoop.fs.s3a.endpoint.region": settings.s3_region,
        "spark.hadoop.fs.s3a.path.style.access": str(settings.s3_path_style).lower(),
        # What `tideline.s3` looks at; without the second one a submitted application would not see a profile.
        "spark.hadoop.fs.s3a.aws.credentials.provider": ",".join(
            f"software.amazon.awssdk.auth.credentials.{name}"
            for name in ("EnvironmentVariableCredentialsProvider", "ProfileCredentialsProvider")
        ),
    }
    if url is not None:
        conf["spark.hadoop.fs.s3a.endpoint"] = url
        # An endpoint with a scheme goes by it; this is for what S3A derives without one.
        conf["spark.hadoop.fs.s3a.connection.ssl.enabled"] = str(url.startswith("https:")).lower()
    if settings.checkpoints.startswith(S3A):
        # S3 cannot rename: each file is uploaded under its name and becomes visible when it is whole.
        conf["spark.sql.streaming.checkpointFileManagerClass"] = (
            "org.apache.spark.internal.io.cloud.AbortableStreamBasedCheckpointFileManager"
        )
    return conf


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables while a JVM starts, which inherits them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
