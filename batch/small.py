"""Small tables, whose rows take milliseconds where Spark starts, plans and generates code for seconds.

What silver and gold are made of is Spark's to say, for tables of any size. A small one is read and written by
``deltalake``: to learn a table's files, and for an overwrite or a MERGE, Spark plans and runs several jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from deltalake import DeltaTable as DeltaLog
from deltalake.exceptions import DeltaError
from pyspark.sql.types import StructType

from tideline.creation import sync_commit
from tideline.errors import TableError
from tideline.lake import open_log
from tideline.rows import arrow_schema
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.tables import declared_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FEW_ROWS = 100_000
"""A table of no more rows is small,"""

FEW_BYTES = 2**26
"""unless its files are larger than that: so few rows may be long, and all of them are held in memory."""


TASK_BYTES = 2**23
"""So many bytes of rows, as Arrow has them, are given to a task: it carries them with it as Spark's rows, which take
about twice as many, and cannot be sent with more than 128 MiB."""

_TASKS = "spark.sql.leafNodeDefaultParallelism"

_UNREADABLE = (DeltaError, pa.ArrowException, OSError)
"""What is raised where a version, or a file of it, is not there any more."""


def is_small(table: DeltaLog) -> bool:
    """Whether a table, at the version that is open, has few rows and bytes; its log says so."""
    sizes = pa.table(table.get_add_actions())["size_bytes"]
    return int(table.count()) <= FEW_ROWS and sum(sizes.to_pylist()) <= FEW_BYTES


def read_small(table: DeltaLog, columns: Collection[str]) -> pd.DataFrame:
    """These columns of a small table; its others are there, too, but all null: raw payloads stay on disk."""
    names = [field.name for field in table.schema().fields]
    rows = table.to_pyarrow_table(columns=[name for name in names if name in columns])
    # As objects: integers beside a null stay integers, times are not cut to another unit, and decimals are exact.
    read = rows.to_pandas(integer_object_nulls=True, timestamp_as_object=True)
    return read.reindex(columns=names).astype(object)


def session_for(spark: SparkSession, *, few: bool) -> SparkSession:
    """A session of one's own, which generates no code where the tables that it reads are small.

    Each task makes the text of its code anew, even where the compiled code is kept: half of the time of a task with
    few rows.
    """
    session = spark.newSession()
    if few:
        session.conf.set("spark.sql.codegen.wholeStage", "false")
        session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    return session


def rows_between(log: DeltaLog, first: int, last: int, columns: Sequence[str]) -> pa.Table:
    """The rows that the versions from the first to the last, both included, added to a table.

    Raises:
        TableError: one of these versions, or a file of it, is not there any more.
    """
    # It takes names for SQL.
    names = [f'"{name}"' for name in columns]
    try:
        changes = log.load_cdf(starting_version=first, ending_version=last, columns=names)
        # Arrow's own reader: that of what `load_cdf` returns raises bare exceptions.
        return pa.RecordBatchReader.from_stream(changes).read_all().select([*columns])
    except _UNREADABLE as error:
        msg = f"its versions {first} to {last} cannot be read: {error}"
        raise TableError(msg) from error


def frame(session: SparkSession, name: str, rows: pa.Table) -> DataFrame:
    """Rows of a table, all its columns or some, as a frame.

    Args:
        session: one of ``session_for``; into how many tasks it cuts rows that are given to it is set here.
        name: the table.
        rows: its rows.
    """
    declared = {field.name: field for field in declared_type(TABLES[name])}
    tasks = max(int(session.conf.get(_TASKS, "1") or 1), 1 + rows.nbytes // TASK_BYTES)
    session.conf.set(_TASKS, tasks)
    return session.createDataFrame(rows, StructType([declared[column] for column in rows.column_names]))


def read_few(
    session: SparkSession, settings: Settings, name: str, version: int | None = None, columns: Sequence[str] = ()
) -> DataFrame:
    """A small table, at a version or as it stands, as a frame; all columns where none are named.

    Raises:
        TableError: there is no such table, or a file of it is not there any more.
    """
    log = open_log(settings, name, version)
    try:
        rows = log.to_pyarrow_table(columns=[*columns] or None)
    except _UNREADABLE as error:
        msg = (
            f"{name} cannot be read at version {log.version()}: {str(error).splitlines()[0]}; restore it from a "
            "back-up, or, where it is not bronze, delete the table's folder and run the step that writes it"
        )
        raise TableError(msg) from error
    return frame(session, name, rows)


def collect(rows: DataFrame, name: str) -> pa.Table:
    """The rows of a frame, as the table declares them."""
    return rows.toArrow().cast(arrow_schema(TABLES[name]))


def replace_rows(settings: Settings, name: str, rows: pa.Table, metadata: str) -> None:
    """Replace all rows of a table in one commit that carries ``metadata``.

    Raises:
        CommitFailedError: somebody else committed meanwhile.
    """
    log = open_log(settings, name)
    write_deltalake(log, rows, mode="overwrite", commit_properties=_commit(metadata))
    sync_commit(settings, name, log)


def merge_rows(settings: Settings, name: str, rows: pa.Table, replaces: str, metadata: str) -> tuple[int, int]:
    """Insert rows whose ``event_id`` is new, and update others, in one commit that carries ``metadata``.

    Args:
        settings: where the table lies.
        name: the table.
        rows: at most one per ``event_id``.
        replaces: the SQL condition under which row ``new`` takes the place of row ``stored``.
        metadata: what the commit says of itself.

    Returns:
        How many rows were inserted, and how many updated.

    Raises:
        CommitFailedError: somebody else committed meanwhile.
    """
    if not rows.num_rows:
        return 0, 0
    same = "new.event_id = stored.event_id"
    log = open_log(settings, name)
    merge = log.merge(rows, same, source_alias="new", target_alias="stored", commit_properties=_commit(metadata))
    done = merge.when_matched_update_all(replaces).when_not_matched_insert_all().execute()
    sync_commit(settings, name, log)
    return done["num_target_rows_inserted"], done["num_target_rows_updated"]


def _commit(metadata: str) -> CommitProperties:
    # Not tried again by itself: of two overwrites of an empty table, the rows of both would stand.
    return CommitProperties(custom_metadata={"userMetadata": metadata}, max_commit_retries=0)
