"""How live tables are written: batch 0 replaces them, later batches upsert. Repeating a batch changes nothing.

Batch 0 holds everything that bronze held when the query began, so a lost or dropped checkpoint rebuilds its tables in
one commit each: readers see the old rows until then, and rows that no longer exist go.

What a later batch changes is small, however many records it brought: the counts of its windows, the flags of its odd
rows. So it is collected, and written without Spark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deltalake.table import TableMerger
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from streaming import anomalies
from streaming.counts import Counting, rows_of
from streaming.emissions import COMPONENTS
from streaming.hours import HourJudge
from streaming.upsert import Clauses, LiveTable
from tideline.events import first_events, valid_rows
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.tables import read_table

BatchWriter = Callable[[DataFrame, int], None]
"""What ``foreachBatch`` calls with a batch and its number."""

JUDGED = (*anomalies.GROUP, *anomalies.SAMPLED, *COMPONENTS)
"""What the rules look at; raw payloads stay where they are."""


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
        # The state moves on once: what the batch gave is kept for both tables.
        counts = counts.localCheckpoint()
        for period, table in periods:
            rows = rows_of(counts, table, period)
            if batch_id == 0:
                replace_table(rows, table_path(settings, table.name))
            else:
                tables[table.name].upsert(rows.toArrow(), changed_counts(table.column_names[-1]))
        judge.after_batch(batch_id)

    return write


def anomalies_writer(settings: Settings) -> BatchWriter:
    """Write ``live.anomalies`` and ``live.domain_baselines`` from batches of ``bronze.emissions``."""
    flags, baselines = (LiveTable(settings, name) for name in ("live.anomalies", "live.domain_baselines"))

    def write(bronze: DataFrame, batch_id: int) -> None:
        rows = first_events(valid_rows(bronze)).select(*JUDGED).localCheckpoint()
        if batch_id == 0:
            for name, table in flag_tables(rows).items():
                replace_table(table, table_path(settings, name))
        else:
            _upsert_flags(rows, settings, flags, baselines)

    return write


def replace_table(rows: DataFrame, path: str) -> None:
    """Replace all rows in one commit; readers see the old ones until then."""
    rows.coalesce(1).write.format("delta").mode("overwrite").save(path)


def flag_tables(rows: DataFrame) -> dict[str, DataFrame]:
    """``live.anomalies`` and ``live.domain_baselines`` from the distinct valid rows of all of bronze."""
    sampled = anomalies.sampled_rows(rows)
    baselines = anomalies.with_baselines(sampled)
    extremes = anomalies.flag_extremes(sampled, baselines).where("is_flagged").drop("is_flagged")
    return {"live.anomalies": anomalies.flag_rows(rows).union(extremes), "live.domain_baselines": baselines}


def _upsert_flags(rows: DataFrame, settings: Settings, flags: LiveTable, baselines: LiveTable) -> None:
    """Judge a batch, and again the samples that it extends: their baseline has moved.

    Baselines are written last: until then, repeating the batch finds the same samples and judges the same rows.
    """
    stored = read_table(rows.sparkSession, settings, "live.domain_baselines")
    sampled = anomalies.sampled_rows(rows)
    samples = anomalies.open_samples(stored, sampled).localCheckpoint()
    changed = anomalies.with_baselines(samples).localCheckpoint()
    complete = stored.where(F.size("sample") >= anomalies.SAMPLE_SIZE)
    judged = samples.unionByName(sampled.join(complete, [*anomalies.GROUP], "left_semi"))
    of_rows = anomalies.flag_rows(rows).withColumn("is_flagged", F.lit(True))
    found = of_rows.union(anomalies.flag_extremes(judged, complete.unionByName(changed)))
    flags.upsert(found.toArrow(), changed_flags(TABLES["live.anomalies"].column_names))
    baselines.upsert(changed.toArrow(), _longer_samples)


def changed_counts(count: str) -> Clauses:
    """Insert new windows, and update those whose count, an absolute one, is another."""
    return lambda merge: merge.when_matched_update_all(f't."{count}" <> s."{count}"').when_not_matched_insert_all()


def changed_flags(columns: Sequence[str]) -> Clauses:
    """Insert, move or delete flags, as ``is_flagged`` of the judged rows says.

    Args:
        columns: those of the table; ``is_flagged`` is none of them.
    """
    values = {f'"{name}"': f's."{name}"' for name in columns}

    def clauses(merge: TableMerger) -> TableMerger:
        merge = merge.when_matched_delete("NOT s.is_flagged").when_matched_update(values, "t.score <> s.score")
        return merge.when_not_matched_insert(values, "s.is_flagged")

    return clauses


def _longer_samples(merge: TableMerger) -> TableMerger:
    longer = "array_length(t.sample) <> array_length(s.sample)"
    return merge.when_matched_update_all(longer).when_not_matched_insert_all()
