"""The job ``compact``: OPTIMIZE of the tables in which small files have piled up."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from tideline.conflicts import retry_conflicts
from tideline.lake import open_log, table_path, was_created
from tideline.probe import require_safe_commits
from tideline.schemas import TABLES, Table
from tideline.settings import Settings

SMALL_FILE_BYTES = 32 << 20
"""Below this a file is small. OPTIMIZE leaves larger ones alone, so no row is rewritten more than a few times."""

LARGE_FILE_BYTES = 128 << 20
"""The size up to which OPTIMIZE fills a file."""

SMALL_FILES = 8
"""So many small files are worth a rewrite."""

_CONF = {
    "spark.databricks.delta.optimize.minFileSize": str(SMALL_FILE_BYTES),
    "spark.databricks.delta.optimize.maxFileSize": str(LARGE_FILE_BYTES),
    # The default of 15 rewrites at once would each hold a row group in memory.
    "spark.databricks.delta.optimize.maxThreads": "2",
}


@dataclass(frozen=True)
class Compacted:
    """A table's files before and after; equal when nothing was to be done."""

    table: str
    files: int
    small_files: int
    files_after: int


def compact(spark: SparkSession, settings: Settings) -> list[Compacted]:
    """OPTIMIZE every table that needs it.

    Live tables are left to the stream, which compacts them itself between two upserts. An append to bronze, and a job
    that starts anew after a conflict, do not mind a second driver.

    Raises:
        CommitError: the store could lose commits of two drivers.
    """
    require_safe_commits(spark, settings)
    tables = [t for t in TABLES.values() if t.schema != "live" and was_created(settings, t.name)]
    session = spark.newSession()
    for key, value in _CONF.items():
        session.conf.set(key, value)
    return [_compact_table(session, settings, table) for table in tables]


@retry_conflicts
def _compact_table(session: SparkSession, settings: Settings, table: Table) -> Compacted:
    files, small = count_files(settings, table.name)
    if small < SMALL_FILES:
        return Compacted(table.name, files, small, files)
    DeltaTable.forPath(session, table_path(settings, table.name)).optimize().executeCompaction()
    return Compacted(table.name, files, small, count_files(settings, table.name)[0])


def count_files(settings: Settings, name: str) -> tuple[int, int]:
    """How many files a table has, and how many of them are small; read from its log."""
    sizes = pa.table(open_log(settings, name).get_add_actions())["size_bytes"]
    return len(sizes), pc.sum(pc.less(sizes, SMALL_FILE_BYTES)).as_py() or 0
