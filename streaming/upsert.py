"""Upserts of a batch's few result rows into a live table by ``deltalake``: no Spark job, no plan, some 20 ms.

A MERGE of Spark costs several jobs and about a second, whatever its size; the live tables take one per trigger each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from deltalake import DeltaTable as DeltaLog
from deltalake.exceptions import CommitFailedError
from deltalake.table import TableMerger

from tideline.conflicts import retry_conflicts
from tideline.lake import open_log, table_path
from tideline.schemas import TABLES
from tideline.settings import Settings

MOST_FILES = 64
"""Rows that an upsert inserts come in a file of their own; of more files than these one is made."""

REFUSED: Counter[str] = Counter()
"""How often an upsert was refused for another writer's commit and began anew, by the table's path."""

Clauses = Callable[[TableMerger], TableMerger]
"""Adds what happens to a row that is (not) there; the table is ``t``, the rows are ``s``."""


class LiveTable:
    """A live table, opened once and brought up to date before each upsert.

    Args:
        settings: where the table lies.
        name: ``live.<table>``.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._table = TABLES[name]
        self._log: DeltaLog | None = None

    @retry_conflicts
    def upsert(self, rows: pa.Table, clauses: Clauses, commit: CommitProperties | None = None) -> None:
        """Merge rows in one commit; none where nothing changes.

        The rows are absolute values: after a commit of somebody else they are merged again into what that one left.

        Args:
            rows: the table's columns, and what the clauses look at; at most one row per key.
            clauses: what is done with them.
            commit: what the commit says of itself.
        """
        try:
            self._merge(rows, clauses, commit)
        except CommitFailedError:
            REFUSED[table_path(self._settings, self._table.name)] += 1
            raise

    def _merge(self, rows: pa.Table, clauses: Clauses, commit: CommitProperties | None) -> None:
        if rows.num_rows:
            # Null-safe: an unknown dimension is a value too. Without the brackets, DataFusion takes what follows AND
            # for the right side of the comparison.
            same = " AND ".join(f'(t."{name}" IS NOT DISTINCT FROM s."{name}")' for name in self._table.key)
            table = self._newest()
            merge = table.merge(rows, same, source_alias="s", target_alias="t", commit_properties=commit)
            clauses(merge).execute()
            if pa.table(table.get_add_actions()).num_rows > MOST_FILES:
                # Here, not in a job beside the stream: two writers of a live table would be in each other's way.
                table.optimize.compact()

    @retry_conflicts
    def replace(self, rows: pa.Table, commit: CommitProperties | None = None) -> None:
        """Replace all rows in one commit; readers see the old ones until then."""
        write_deltalake(self._newest(), rows, mode="overwrite", commit_properties=commit)

    def read(self, filters: Sequence[tuple[str, str, Any]] | None = None) -> pa.Table:
        """The rows as they stand, all or those for which all of these (column, operator, value) hold."""
        return self._newest().to_pyarrow_table(filters=filters)

    def holds(self, application: str) -> int | None:
        """The version that the newest commit by this name says that the table holds."""
        version: int | None = self._newest().transaction_version(application)
        return version

    def _newest(self) -> DeltaLog:
        if self._log is None:
            self._log = open_log(self._settings, self._table.name)
        else:
            self._log.update_incremental()
        return self._log
