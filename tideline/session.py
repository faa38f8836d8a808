"""The one Spark session: every conf that matters, with its reason. Tests override single keys visibly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from pyspark.sql import SparkSession

from tideline.class_archive import archive_options
from tideline.jars import jars_dir
from tideline.settings import Settings


def spark_conf(settings: Settings) -> dict[str, str]:
    """The Spark configuration of every Tideline application.

    Args:
        settings: the master and the driver's heap come from here.
    """
    log4j = f"-Dlog4j2.configurationFile=file:{files('tideline') / 'log4j2.properties'}"
    jars = f"{jars_dir('spark')}/*"
    return {
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.extraJavaOptions": f"{log4j} -XX:+UseParallelGC {archive_options()}",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Queries share the cores by turns; first-in-first-out would let one backlog starve the live counts.
        "spark.scheduler.mode": "FAIR",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        # The default of 200 is frozen into a stateful checkpoint at its first start.
        "spark.sql.shuffle.partitions": "2",
        # The default of 50 tasks per state reconstruction is most of a small commit's cost.
        "spark.databricks.delta.snapshotPartitions": "2",
        # Small tables and one driver: broadcast by size is right, re-planning each tiny query is not.
        "spark.sql.adaptive.enabled": "false",
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
    }


def build_session(settings: Settings, app: str, overrides: Mapping[str, str] | None = None) -> SparkSession:
    """Start Spark, or return the session that runs.

    Args:
        settings: see ``spark_conf``.
        app: the application's name.
        overrides: single keys that differ, named by the caller.
    """
    conf = spark_conf(settings) | dict(overrides or {})
    return SparkSession.builder.appName(app).config(map=dict(conf)).getOrCreate()
