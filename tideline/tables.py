"""Spark's access to the tables: how they are read and registered. ``lake`` and ``creation`` need no Spark."""

from __future__ import annotations

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from tideline.errors import TableError
from tideline.lake import table_path, was_created
from tideline.schemas import TABLES, Table
from tideline.settings import Settings


def read_table(spark: SparkSession, settings: Settings, name: str, version: int | None = None) -> DataFrame:
    """Read a table, at a version or as it stands.

    Raises:
        TableError: the table was never created.
    """
    path = table_path(settings, name)
    if not was_created(settings, name):
        maker = "`tideline stream`" if TABLES[name].written_by == "stream" else "the DAG lakehouse_hourly"
        msg = f"{name} does not exist at {path}; {maker} makes it"
        raise TableError(msg)
    reader = spark.read.format("delta")
    return (reader.option("versionAsOf", version) if version is not None else reader).load(path)


def latest_version(spark: SparkSession, settings: Settings, name: str) -> int:
    """The newest Delta version of a table."""
    history = DeltaTable.forPath(spark, table_path(settings, name)).history(1)
    return int(history.collect()[0]["version"])


def register_tables(spark: SparkSession, settings: Settings) -> list[str]:
    """Register every existing table under its name, so that SQL finds ``bronze.tweets``; returns the names."""
    present = [name for name in TABLES if was_created(settings, name)]
    for schema in sorted({TABLES[name].schema for name in present}):
        spark.sql(f"CREATE DATABASE IF NOT EXISTS {schema}")
    for name in present:
        spark.sql(f"CREATE TABLE IF NOT EXISTS {name} USING delta LOCATION '{table_path(settings, name)}'")
    return present


def declared_type(table: Table) -> StructType:
    """The declared columns as Spark's type, for frames and comparisons."""
    parsed = StructType.fromDDL(table.ddl)
    if not isinstance(parsed, StructType):
        msg = f"{table.name} is declared as {parsed.simpleString()}, which is no list of columns"
        raise TableError(msg)
    return parsed
