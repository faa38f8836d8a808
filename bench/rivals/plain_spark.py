"""Spark as its documentation starts it: Delta switched on, a heap as large as ours, and else nothing set."""

from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

from tideline.jars import jars_dir
from tideline.settings import Settings

NOTE = "PySpark with its default configuration, Delta's two settings and our heap; UTC"


def plain_session(settings: Settings) -> SparkSession:
    """A session of a user who has set nothing."""
    # Spark would take the first python3 on the PATH for its workers, which may be of another version.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf: dict[str, bool | float | int | str | None] = {
        "spark.master": settings.spark_master,
        "spark.driver.memory": settings.driver_memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraClassPath": f"{jars_dir('spark')}/*",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.ui.enabled": "false",
        # What the tables mean by an hour; not a matter of speed.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": f"{settings.home}/spark-warehouse",
    }
    return SparkSession.builder.appName("rival").config(map=conf).getOrCreate()
