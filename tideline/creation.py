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
from tideline.schemas import STATS_COLUMNS, TABLES, Table
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
    log = open_log(settings, name)
    log.alter.set_table_properties({key: value}, raise_if_not_exists=False)
    sync_commit(settings, name, log)


def sync_commit(settings: Settings, name: str, log: DeltaTable) -> None:
    """Have the newest commit that ``log`` knows on the disk: in a folder ``deltalake`` does not wait for that.

    Our log store does, so a table holds after a loss of power what either of them acknowledged.
    """
    path = table_path(settings, name)
    if path.startswith(S3A):
        return
    commits = Path(path, "_delta_log")
    for file in (commits / f"{log.version():020}.json", commits):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
        log = _check_columns(settings, table)
        stats = table.configuration.get(STATS_COLUMNS)
        # A table of before statistics were left out where they are not exact.
        if stats is not None and STATS_COLUMNS not in log.metadata().configuration:
            set_property(settings, table.name, STATS_COLUMNS, stats)
        return
    created = DeltaTable.create(
        table_path(settings, table.name),
        declared_schema(table),
        mode="ignore",
        configuration=table.configuration,
        # Tried again, the commit of the later one would give the table another identity.
        commit_properties=CommitProperties(max_commit_retries=0),
        storage_options=storage_options(settings),
    )
    sync_commit(settings, table.name, created)


def _check_columns(settings: Settings, table: Table) -> DeltaTable:
    log = open_log(settings, table.name)
    declared, found = column_types(declared_schema(table)), column_types(log.schema())
    if found == declared:
        return log
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
