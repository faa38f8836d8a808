"""Small tables, whose rows take milliseconds where Spark starts, plans and generates code for seconds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import pandas as pd
from deltalake import DeltaTable as DeltaLog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FEW_ROWS = 100_000
"""A table of no more rows is small."""


def is_small(table: DeltaLog) -> bool:
    """Whether a table, at the version that is open, has few rows; its file statistics say so."""
    return int(table.count()) <= FEW_ROWS


def read_small(table: DeltaLog, columns: Collection[str]) -> pd.DataFrame:
    """These columns of a small table; its others are there, too, but all null: raw payloads stay on disk."""
    names = [field.name for field in table.schema().fields]
    rows = table.to_pyarrow_table(columns=[name for name in names if name in columns])
    # As objects: integers beside a null stay integers, times are not cut to another unit, and decimals are exact.
    read = rows.to_pandas(integer_object_nulls=True, timestamp_as_object=True)
    return read.reindex(columns=names).astype(object)


def session_for(spark: SparkSession, tables: Iterable[DeltaLog]) -> SparkSession:
    """A session of one's own to read these tables with; where all of them are small, it generates no code.

    Each task makes the text of its code anew, even where the compiled code is kept: half of the time of a task with
    few rows.
    """
    session = spark.newSession()
    if all(is_small(table) for table in tables):
        session.conf.set("spark.sql.codegen.wholeStage", "false")
        session.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    return session
