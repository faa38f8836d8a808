"""An event counts once, and its row is the first valid one: the rule that stream, silver and recount share."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

EVENT_ORDER = ("kafka_timestamp", "partition", "offset")
"""Of all valid rows of an event, the lowest in this order is its row."""


def is_valid() -> Column:
    """Whether a bronze row has no reason to be in quarantine."""
    return F.size("reasons") == 0


def valid_rows(bronze: DataFrame) -> DataFrame:
    """The bronze rows that count; invalid rows never take an event's id."""
    return bronze.where(is_valid())


def first_events(rows: DataFrame) -> DataFrame:
    """One row per ``event_id``: the lowest by ``EVENT_ORDER``. For batch; same columns out as in."""
    order = Window.partitionBy("event_id").orderBy(*EVENT_ORDER)
    return rows.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def with_time_order(rows: DataFrame, partitions: int, horizon: str, longest_lag: str) -> DataFrame:
    """Declare how far back duplicates are sought, so that no row is ever behind the watermark.

    Kafka's clock only rises within a partition, not across them: drained at different speeds, partitions lie hours
    apart, and one watermark over all would drop the slower one's rows without a word. So each partition has a
    watermark of its own and Spark takes the lowest. A partition that receives nothing would hold it back for ever;
    it is taken to be no more than ``longest_lag`` behind the newest record.

    Args:
        rows: a streaming frame of bronze rows of one topic.
        partitions: the topic's partition count.
        horizon: an interval such as ``120 minutes``: resends within it are recognised.
        longest_lag: an interval; records older than Kafka's retention cannot come any more.
    """
    for partition in range(partitions):
        own = F.when(F.col("partition") == partition, F.col("kafka_timestamp"))
        others = F.col("kafka_timestamp") - F.expr(f"interval {longest_lag}")
        rows = rows.withColumn(f"_time_{partition}", F.coalesce(own, others)).withWatermark(
            f"_time_{partition}", horizon
        )
    return rows.withWatermark("kafka_timestamp", horizon)


def first_events_streaming(rows: DataFrame, state_partitions: int) -> DataFrame:
    """``first_events`` for a stream: one row per ``event_id`` over all batches within the horizon.

    Spark's operator keeps the first row that reaches it, so each batch is sorted on its way there. Copies of an event
    have the same key, hence the same Kafka partition, whose order the batches follow: first seen is lowest.
    """
    return (
        rows.repartition(state_partitions, "event_id")
        .sortWithinPartitions("event_id", *EVENT_ORDER)
        .dropDuplicatesWithinWatermark(["event_id"])
    )
