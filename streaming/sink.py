"""How live tables are written: batch 0 replaces them, later batches merge. Repeating a batch changes nothing.

Batch 0 holds everything that bronze held when the query began, so a lost or dropped checkpoint rebuilds its tables in
one commit each: readers see the old rows until then, and rows that no longer exist go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from streaming import anomalies
from streaming.counts import Counting, rows_of
from streaming.emissions import COMPONENTS
from tideline.events import first_events, valid_rows
from tideline.schemas import TABLES

BatchWriter = Callable[[DataFrame, int], None]
"""What ``foreachBatch`` calls with a batch and its number."""

JUDGED = (*anomalies.GROUP, *anomalies.SAMPLED, *COMPONENTS)
"""What the rules look at; raw payloads stay where they are."""

Paths = Callable[[str], str]
"""Where a table lies, by its name."""


def counts_writer(counting: Counting, paths: Paths) -> BatchWriter:
    """Write the hourly and the daily table of a source from the batches of ``count_live``."""

    def write(counts: DataFrame, batch_id: int) -> None:
        counts = counts.localCheckpoint()
        for table, period in ((counting.hourly, "hour"), (counting.daily, "day")):
            rows = rows_of(counts, table, period)
            if batch_id == 0:
                replace_table(rows, paths(table.name))
            else:
                merge_counts(rows, paths(table.name), table.key, table.column_names[-1])

    return write


def anomalies_writer(paths: Paths) -> BatchWriter:
    """Write ``live.anomalies`` and ``live.domain_baselines`` from batches of ``bronze.emissions``."""

    def write(bronze: DataFrame, batch_id: int) -> None:
        rows = first_events(valid_rows(bronze)).select(*JUDGED).localCheckpoint()
        (_replace_flags if batch_id == 0 else _merge_flags)(rows, paths)

    return write


def replace_table(rows: DataFrame, path: str) -> None:
    """Replace all rows in one commit; readers see the old ones until then."""
    rows.coalesce(1).write.format("delta").mode("overwrite").save(path)


def merge_counts(rows: DataFrame, path: str, key: Sequence[str], count: str) -> None:
    """Insert new windows, and update those whose count changed.

    Args:
        rows: at most one row per key; counts are absolute.
        path: the Delta table.
        key: compared null-safely: an unknown dimension is a value too.
        count: the column that holds the count.
    """
    merge = _merge(rows, path, key)
    merge.whenMatchedUpdateAll(f"t.`{count}` <> s.`{count}`").whenNotMatchedInsertAll().execute()


def _replace_flags(rows: DataFrame, paths: Paths) -> None:
    sampled = anomalies.sampled_rows(rows)
    baselines = anomalies.with_baselines(sampled)
    extremes = anomalies.flag_extremes(sampled, baselines).where("is_flagged").drop("is_flagged")
    replace_table(anomalies.flag_rows(rows).union(extremes), paths("live.anomalies"))
    replace_table(baselines, paths("live.domain_baselines"))


def _merge_flags(rows: DataFrame, paths: Paths) -> None:
    """Judge a batch, and again the samples that it extends: their baseline has moved.

    Baselines are written last: until then, repeating the batch finds the same samples and judges the same rows.
    """
    stored = DeltaTable.forPath(rows.sparkSession, paths("live.domain_baselines")).toDF()
    sampled = anomalies.sampled_rows(rows)
    samples = anomalies.open_samples(stored, sampled).localCheckpoint()
    changed = anomalies.with_baselines(samples).localCheckpoint()
    complete = stored.where(F.size("sample") >= anomalies.SAMPLE_SIZE)
    judged = samples.unionByName(sampled.join(complete, [*anomalies.GROUP], "left_semi"))
    flags = anomalies.flag_rows(rows).withColumn("is_flagged", F.lit(True))
    flags = flags.union(anomalies.flag_extremes(judged, complete.unionByName(changed))).localCheckpoint()
    _merge_anomalies(flags, paths("live.anomalies"))
    if not changed.isEmpty():
        key = TABLES["live.domain_baselines"].key
        merge = _merge(changed, paths("live.domain_baselines"), key)
        merge.whenMatchedUpdateAll("size(t.sample) <> size(s.sample)").whenNotMatchedInsertAll().execute()


def _merge_anomalies(flags: DataFrame, path: str) -> None:
    table = TABLES["live.anomalies"]
    values = {f"`{name}`": f"s.`{name}`" for name in table.column_names}
    merge = _merge(flags, path, table.key)
    merge = merge.whenMatchedDelete("NOT s.is_flagged").whenMatchedUpdate("t.score <> s.score", values)
    merge.whenNotMatchedInsert("s.is_flagged", values).execute()


def _merge(rows: DataFrame, path: str, key: Sequence[str]) -> DeltaMergeBuilder:
    same = " AND ".join(f"t.`{name}` <=> s.`{name}`" for name in key)
    return DeltaTable.forPath(rows.sparkSession, path).alias("t").merge(rows.alias("s"), same)
