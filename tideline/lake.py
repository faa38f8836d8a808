"""Where the tables lie and what their logs say, by the package ``deltalake``: in milliseconds, without Spark."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from deltalake import DeltaTable as DeltaLog
from deltalake import QueryBuilder
from deltalake.exceptions import TableNotFoundError

from tideline.errors import TableError
from tideline.s3 import storage_options
from tideline.settings import Settings
from tideline.storage import open_storage


def table_path(settings: Settings, name: str) -> str:
    """The folder of a table: ``<warehouse>/<schema>/<table>``."""
    schema, table = name.split(".")
    return f"{settings.warehouse}/{schema}/{table}"


def was_created(settings: Settings, name: str) -> bool:
    """Whether the table is there."""
    return bool(DeltaLog.is_deltatable(table_path(settings, name), storage_options(settings)))


def open_log(settings: Settings, name: str, version: int | None = None) -> DeltaLog:
    """The table as ``deltalake`` sees it: its log and its files, at a version or as it stands.

    Raises:
        TableError: the table was never created.
    """
    path = table_path(settings, name)
    try:
        return DeltaLog(path, version=version, storage_options=storage_options(settings))
    except TableNotFoundError as error:
        msg = f"there is no Delta table at {path}; run the step that writes it first"
        raise TableError(msg) from error


def query(log: DeltaLog, sql: str) -> list[dict[str, Any]]:
    """The rows that DataFusion finds by SQL over a table, which is called ``t`` there, at the version that is open."""
    rows: list[dict[str, Any]] = pa.table(QueryBuilder().register("t", log).execute(sql).read_all()).to_pylist()
    return rows


def commit_files(settings: Settings, name: str) -> dict[int, str]:
    """The commit files that a table's log still has: the version and the file's name."""
    files = open_storage(settings, table_path(settings, name)).names("_delta_log")
    return {int(stem): f for f in files if (stem := f.removesuffix(".json")) != f and stem.isdigit()}
