"""Live counts: distinct events per hour and day, exact under any order, lateness and resend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tideline.events import first_events_streaming, valid_rows, with_time_order
from tideline.schemas import TABLES, Table


@dataclass(frozen=True)
class Counting:
    """How one source is counted.

    Args:
        hour: the hour that an event belongs to, as a timestamp.
        day: the day that an event belongs to, as a timestamp.
        hourly: the table of the hourly counts; its last column is the count.
        daily: the table of the daily counts.
    """

    source: str
    hour: Column
    day: Column
    hourly: Table
    daily: Table


def tweet_counting() -> Counting:
    """Tweets are counted by the time that they were written."""
    return Counting(
        "tweets",
        F.date_trunc("hour", "event_time"),
        F.date_trunc("day", "event_time"),
        TABLES["live.tweet_counts_hourly"],
        TABLES["live.tweet_counts_daily"],
    )


def emission_counting() -> Counting:
    """Emission rows carry only a date: their day is that date, their hour the one in which Kafka received them."""
    return Counting(
        "emissions",
        F.date_trunc("hour", "kafka_timestamp"),
        F.col("date").cast("timestamp"),
        TABLES["live.emission_counts_hourly"],
        TABLES["live.emission_counts_daily"],
    )


def count_windows(events: DataFrame, counting: Counting, dimensions: Sequence[str]) -> DataFrame:
    """Count events per hour and per day.

    One aggregation feeds both tables: each event counts in its hour and in its day.

    Args:
        events: distinct events, batch or streaming.
        counting: the windows of the source.
        dimensions: the columns to count by, of those that the tables have; the others are null.

    Returns:
        ``period`` (hour or day), ``window_start`` (timestamp), every dimension of the tables, ``events``.
    """
    windows = F.array(
        F.struct(F.lit("hour").alias("period"), counting.hour.alias("window_start")),
        F.struct(F.lit("day").alias("period"), counting.day.alias("window_start")),
    )
    exploded = events.select(F.explode(windows).alias("window"), *dimensions)
    counted = exploded.groupBy("window.period", "window.window_start", *dimensions).agg(F.count("*").alias("events"))
    every = counting.hourly.key[1:]
    columns = [F.col(d) if d in dimensions else F.lit(None).cast("string").alias(d) for d in every]
    return counted.select("period", "window_start", *columns, "events")


@dataclass(frozen=True)
class TimeOrder:
    """The arguments of ``with_time_order``, and the number of state partitions (fixed once a checkpoint exists)."""

    partitions: int
    horizon: str
    longest_lag: str
    state_partitions: int = 2


def count_live(bronze: DataFrame, counting: Counting, dimensions: Sequence[str], order: TimeOrder) -> DataFrame:
    """The streaming plan of a source's counts; columns as of ``count_windows``.

    Args:
        bronze: a streaming frame of bronze rows.
        counting: the windows of the source.
        dimensions: see ``count_windows``.
        order: how far back duplicates are sought.
    """
    timed = with_time_order(bronze, order.partitions, order.horizon, order.longest_lag)
    events = first_events_streaming(valid_rows(timed), order.state_partitions)
    return count_windows(events, counting, dimensions)


def rows_of(counts: DataFrame, table: Table, period: str) -> DataFrame:
    """The counts of one period with the columns of its table."""
    window = F.col("window_start").cast(table.columns[0].type).alias("window_start")
    dimensions = table.key[1:]
    return counts.where(F.col("period") == period).select(
        window, *dimensions, F.col("events").alias(table.column_names[-1])
    )
