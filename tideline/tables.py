"""Spark's access to the tables: how they are created, read and registered. What needs no Spark is in ``lake``."""

from __future__ import annotations

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import DataType, StructType

from tideline.errors import TableError
from tideline.lake import table_path
from tideline.schemas import TABLES, Table
from tideline.settings import Settings


def exists(spark: SparkSession, settings: Settings, name: str) -> bool:
    """Whether the table was created."""
    return bool(DeltaTable.isDeltaTable(spark, table_path(settings, name)))


def create_table(spark: SparkSession, settings: Settings, table: Table) -> None:
    """Create the table if it is missing; refuse one whose columns are not the declared ones.

    Raises:
        TableError: names all differences between the observed and the declared columns.
    """
    path = table_path(settings, table.name)
    if exists(spark, settings, table.name):
        _check_columns(spark.read.format("delta").load(path), table, path)
        return
    properties = table.properties | ({"delta.dataSkippingStatsColumns": ",".join(table.stats)} if table.stats else {})
    schema = StructType()
    for column in table.columns:
        schema.add(column.name, DataType.fromDDL(column.type), metadata={"comment": column.comment})
    # A write, not Delta's table builder: the builder refuses for ever a folder whose creator was killed before the
    # first commit. Of two creators at once the later one gets a conflict.
    empty = spark.createDataFrame([], schema).write.format("delta").mode("ignore")
    empty.options(**properties).save(path)


def create_tables(spark: SparkSession, settings: Settings, *names: str) -> None:
    """Create the named tables where they are missing."""
    for name in names:
        create_table(spark, settings, TABLES[name])


def read_table(spark: SparkSession, settings: Settings, name: str, version: int | None = None) -> DataFrame:
    """Read a table, at a version or as it stands.

    Raises:
        TableError: the table was never created.
    """
    path = table_path(settings, name)
    if not exists(spark, settings, name):
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
    present = [name for name in TABLES if exists(spark, settings, name)]
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


def _check_columns(observed: DataFrame, table: Table, path: str) -> None:
    declared = {f.name: f.dataType.simpleString() for f in declared_type(table)}
    found = {f.name: f.dataType.simpleString() for f in observed.schema.fields}
    if found == declared:
        return
    differences = [
        f"{name}: declared {declared.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
        for name in declared | found
        if declared.get(name) != found.get(name)
    ]
    msg = (
        f"{table.name} at {path} has other columns than declared ({'; '.join(differences)}); "
        "move the folder away, or run the version of Tideline that wrote it"
    )
    raise TableError(msg)
