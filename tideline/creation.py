"""Creates the registry's tables by ``deltalake``; refuses one whose columns are not the declared ones. No Spark."""

from __future__ import annotations

import json
import os
from pathlib import Path

from deltalake import CommitProperties, DeltaTable, Schema
from pyspark.sql.types import StructType

from tideline.errors import TableError
from tideline.lake import open_log, table_path, was_created
from tideline.rows import arrow_schema, retry_lost_creation
from tideline.s3 import storage_options
from tideline.schemas import TABLES, Table
from tideline.settings import S3A, Settings


def create_tables(settings: Settings, *names: str) -> None:
    """Create the named tables where they are missing.

    Raises:
        TableError: a table is there with other columns; names all differences.
    """
    for name in names:
        _create(settings, TABLES[name])


def set_property(settings: Settings, name: str, key: str, value: str) -> None:
    """Note something in a table's properties, by a commit."""
    open_log(settings, name).alter.set_table_properties({key: value}, raise_if_not_exists=False)
    _sync_log(settings, name)


def declared_schema(table: Table) -> Schema:
    """The declared columns, as Delta has them."""
    return Schema.from_arrow(arrow_schema(table))


def column_types(schema: Schema) -> dict[str, str]:
    """The columns with Spark's names of their types: a schema in Delta's log is Spark's own JSON.

    >>> column_types(declared_schema(TABLES["gold.top_10_domains"]))
    {'domain': 'string', 'total_emissions': 'decimal(28,6)'}
    """
    fields = StructType.fromJson(json.loads(schema.to_json())).fields
    return {field.name: field.dataType.simpleString() for field in fields}


@retry_lost_creation
def _create(settings: Settings, table: Table) -> None:
    if was_created(settings, table.name):
        _check_columns(settings, table)
        return
    DeltaTable.create(
        table_path(settings, table.name),
        declared_schema(table),
        mode="ignore",
        configuration=table.properties
        | ({"delta.dataSkippingStatsColumns": ",".join(table.stats)} if table.stats else {}),
        # Tried again, the commit of the later one would give the table another identity.
        commit_properties=CommitProperties(max_commit_retries=0),
        storage_options=storage_options(settings),
    )
    _sync_log(settings, table.name)


def _sync_log(settings: Settings, name: str) -> None:
    """Have a folder's commits on the disk, as our log store has its own: ``deltalake`` does not wait for that."""
    path = table_path(settings, name)
    if path.startswith(S3A):
        return
    log = Path(path, "_delta_log")
    for file in (*log.glob("*.json"), log):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check_columns(settings: Settings, table: Table) -> None:
    declared, found = column_types(declared_schema(table)), column_types(open_log(settings, table.name).schema())
    if found == declared:
        return
    differences = [
        f"{name}: declared {declared.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
        for name in declared | found
        if declared.get(name) != found.get(name)
    ]
    msg = (
        f"{table.name} at {table_path(settings, table.name)} has other columns than declared "
        f"({'; '.join(differences)}); move the folder away, or run the version of Tideline that wrote it"
    )
    raise TableError(msg)
