"""The independent reader: Delta tables through ``deltalake`` and DataFusion, without Spark. It never writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from tideline.errors import TableError
from tideline.lake import commit_files, query, table_path
from tideline.s3 import storage_options
from tideline.settings import Settings
from tideline.storage import open_storage

T = TypeVar("T")


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

    def log(self, name: str) -> DeltaTable | None:
        """The table's log as it stands; null where the table is missing.

        Raises:
            TableError: there is one, and it cannot be read.
        """
        try:
            return DeltaTable(self.path(name), storage_options=storage_options(self.settings))
        except TableNotFoundError:
            return None
        except Exception as error:
            raise unreadable(name, error) from error

    def read(self, name: str, what: str, how: Callable[[DeltaTable], T], missing: T) -> T:
        """Read something of a table as it stands.

        Args:
            name: the table.
            what: names what is read, for a lake that keeps what it has read.
            how: reads it.
            missing: what there is of a table that is missing.

        Raises:
            TableError: the table cannot be read.
        """
        log = self.log(name)
        return missing if log is None else read_log(name, log, how)

    def rows(self, name: str, sql: str) -> list[dict[str, Any]]:
        """Run DataFusion SQL over one table, which the SQL calls ``t``; a missing table has no rows."""
        return self.read(name, sql, partial(query, sql=sql), [])

    def number(self, name: str, expression: str) -> int | None:
        """One whole number over a table, such as ``count(*)``; null where the table is missing, 0 where it is empty."""
        rows = self.rows(name, f"select {expression} as n from t")  # noqa: S608 - the callers' own literals
        return int(rows[0]["n"] or 0) if rows else None

    def row_count(self, name: str) -> int:
        """The rows of a table by its log alone, cheap enough to poll; 0 where it is missing."""
        return self.state(name).rows or 0

    def state(self, name: str) -> TableState:
        """The state of a table, from its log."""
        return self.read(name, "state", partial(_state, name), TableState(name, exists=False))

    def commits(self, name: str, newest: int) -> Iterator[tuple[int, str]]:
        """The newest commits of a table's log, oldest first: the version and the file's content."""
        yield from read_commits(self.settings, name, sorted(commit_files(self.settings, name))[-newest:])


def read_commits(settings: Settings, name: str, versions: Iterable[int]) -> Iterator[tuple[int, str]]:
    """The content of commit files by version; those that are gone are left out."""
    log = open_storage(settings, table_path(settings, name))
    for version in versions:
        with suppress(FileNotFoundError):
            yield version, log.read(f"_delta_log/{version:020}.json").decode()


def read_log(name: str, log: DeltaTable, how: Callable[[DeltaTable], T]) -> T:
    """Read something of an open table.

    Raises:
        TableError: it cannot be read.
    """
    try:
        return how(log)
    except Exception as error:
        raise unreadable(name, error) from error


def unreadable(name: str, error: Exception) -> TableError:
    """What ``deltalake`` and DataFusion found, in one line: they raise whatever they like, with back traces."""
    lines = [line for line in re.sub(r"\x1b\[\d+m", "", str(error)).splitlines() if line.strip()]
    found = f"{type(error).__name__}: {lines[0].strip() if lines else 'no text'}"
    what = "look at its folder; every table but bronze can be deleted and is computed again"
    return TableError(f"the table {name} cannot be read ({found[:300]}): {what}")


def _state(name: str, log: DeltaTable) -> TableState:
    files = pa.table(log.get_add_actions()).select(["num_records", "size_bytes"])
    commit = log.history(1)[0]
    return TableState(
        name,
        exists=True,
        version=log.version(),
        rows=sum(files["num_records"].to_pylist()),
        files=files.num_rows,
        size_bytes=sum(files["size_bytes"].to_pylist()),
        committed_at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        operation=commit["operation"],
    )
