"""How live tables are written: batch 0 replaces them, later batches upsert. Repeating a batch changes nothing.

Batch 0 holds everything that bronze held when the query began, so a lost or dropped checkpoint rebuilds its tables in
one commit each: readers see the old rows until then, and rows that no longer exist go.

What a batch gives is small, however many records it brought: the counts of its windows, the flags of its odd rows. So
it is collected, and written without Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from streaming.counts import Counting
from streaming.flags import RowJudge
from streaming.hours import HourJudge
from streaming.upsert import Clauses, LiveTable
from tideline.rows import arrow_schema
from tideline.schemas import Table
from tideline.settings import Settings

BatchWriter = Callable[[DataFrame, int], None]
"""What ``foreachBatch`` calls with a batch and its number."""


def counts_writer(counting: Counting, dimensions: Sequence[str], settings: Settings) -> BatchWriter:
    """Write the hourly and the daily table of a source from the batches of ``count_live``, and judge its hours.

    Args:
        counting: the windows of the source.
        dimensions: what the counts are split by.
        settings: where the tables lie.
    """
    judge = HourJudge(settings, counting.source, counting.hourly.name, dimensions)
    periods = (("hour", counting.hourly), ("day", counting.daily))
    tables = {table.name: LiveTable(settings, table.name) for _, table in periods}

    def write(counts: DataFrame, batch_id: int) -> None:
        # The state moves on once: what the batch gave is collected for both tables.
        collected = counts.toArrow()
        for period, table in periods:
            rows, live = period_rows(collected, table, period), tables[table.name]
            if batch_id == 0:
                live.replace(rows)
            else:
                live.upsert(rows, changed_counts(table.column_names[-1]))
        judge.after_batch(batch_id)

    return write


def anomalies_writer(settings: Settings) -> BatchWriter:
    """Write ``live.anomalies`` and ``live.domain_baselines`` from batches of ``bronze.emissions``."""
    judge = RowJudge(settings)

    def write(bronze: DataFrame, batch_id: int) -> None:
        # The judge reads the versions itself. Of a batch that no Spark job reads, Spark would report no rows.
        bronze.count()
        judge.after_batch(batch_id)

    return write


def period_rows(counts: pa.Table, table: Table, period: str) -> pa.Table:
    """``rows_of`` in ``counts``, for counts that were collected."""
    rows = counts.filter(pc.equal(counts["period"], period))
    renamed = rows.rename_columns({"events": table.column_names[-1]})
    return renamed.select(table.column_names).cast(arrow_schema(table))


def changed_counts(count: str) -> Clauses:
    """Insert new windows, and update those whose count, an absolute one, is another."""
    return lambda merge: merge.when_matched_update_all(f't."{count}" <> s."{count}"').when_not_matched_insert_all()
