"""The independent reader: Delta tables through ``deltalake`` and DataFusion, without Spark. It never writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from tideline.lake import commit_files, open_log, table_path
from tideline.s3 import storage_options
from tideline.settings import Settings
from tideline.storage import open_storage


@dataclass(frozen=True)
class TableState:
    """What a table's log says: version, rows, files, bytes and the newest commit. All null where it is missing."""

    name: str
    exists: bool
    version: int | None = None
    rows: int | None = None
    files: int | None = None
    size_bytes: int | None = None
    committed_at: datetime | None = None
    operation: str | None = None


@dataclass(frozen=True)
class Lake:
    """The tables of a warehouse, read from their files."""

    settings: Settings

    def path(self, name: str) -> str:
        """The folder of a table."""
        return table_path(self.settings, name)

    def exists(self, name: str) -> bool:
        """Whether the table was created."""
        return bool(DeltaTable.is_deltatable(self.path(name), storage_options(self.settings)))

    def rows(self, name: str, sql: str) -> list[dict[str, Any]]:
        """Run DataFusion SQL over one table, which the SQL calls ``t``; a missing table has no rows."""
        if not self.exists(name):
            return []
        query = QueryBuilder().register("t", open_log(self.settings, name))
        rows: list[dict[str, Any]] = pa.table(query.execute(sql).read_all()).to_pylist()
        return rows

    def number(self, name: str, expression: str) -> int | None:
        """One whole number over a table, such as ``count(*)``; null where the table is missing, 0 where it is empty."""
        rows = self.rows(name, f"select {expression} as n from t")  # noqa: S608 - the callers' own literals
        return int(rows[0]["n"] or 0) if rows else None

    def row_count(self, name: str) -> int:
        """The rows of a table by its log alone, cheap enough to poll; 0 where it is missing."""
        return self.state(name).rows or 0

    def state(self, name: str) -> TableState:
        """The state of a table, from its log."""
        if not self.exists(name):
            return TableState(name, exists=False)
        table = open_log(self.settings, name)
        files = pa.table(table.get_add_actions(flatten=True)).select(["num_records", "size_bytes"])
        commit = table.history(1)[0]
        return TableState(
            name,
            exists=True,
            version=table.version(),
            rows=sum(files["num_records"].to_pylist()),
            files=files.num_rows,
            size_bytes=sum(files["size_bytes"].to_pylist()),
            committed_at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
            operation=commit["operation"],
        )

    def commits(self, name: str, newest: int) -> Iterator[tuple[int, str]]:
        """The newest commits of a table's log, oldest first: the version and the file's content."""
        log = open_storage(self.settings, self.path(name))
        for version, file in sorted(commit_files(self.settings, name).items())[-newest:]:
            yield version, log.read(f"_delta_log/{file}").decode()
