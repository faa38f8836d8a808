"""The pairs whose CPU times `bench.smoke` compares: ours, and the way that somebody would write by hand.

Run as a module it is the process that measures; its last line is a JSON object of the ratios.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import psutil
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from batch.gold import MARTS, gold
from batch.small import FEW_ROWS
from bench.rivals.tables.validation_aggregate import aggregate
from bench.rivals.tables.validation_ways import suites
from bench.validate import generate
from producers.lines import split_lines
from producers.synthetic import HEADER, SyntheticTweets
from producers.tweets import tweet_records
from streaming.tweets import tweets_to_bronze
from tideline.lake import table_path
from tideline.session import build_session
from tideline.settings import Settings, load_settings
from tideline.tables import read_table

Way = Callable[[], object]
Pair = tuple[Way, Way]
"""Ours, and the other."""

RECORDS, KAFKA_ROWS = 200_000, 400_000
LAKE_ROWS = FEW_ROWS + 50_000
"""More than are judged without Spark: the pair is of one engine."""

FIELDS = "tweet_id string, date string, time string, lang string, country_code string"


def main() -> None:
    """Measure all pairs in this process and its JVM."""
    ratios = {"records of a tweet file : json.dumps of each line": cpu_ratio(records_pair())}
    lake = load_settings()
    spark = build_session(lake, "tideline-bench-smoke")
    pairs = {
        "bronze of Kafka records : from_json and casts": bronze_pair(spark, lake),
        "validation in suites : one aggregate per table": validation_pair(spark, lake),
        "the step gold : the same marts one by one": gold_pair(spark, lake),
    }
    ratios |= {name: cpu_ratio(pair) for name, pair in pairs.items()}
    spark.stop()
    sys.stdout.write(json.dumps(ratios) + "\n")


def cpu_ratio(pair: Pair) -> float:
    """CPU of ours by that of the other: in turns, the lower one of two; so the first ones warm up."""
    ours, other = pair
    found = [(way, _cpu_of(way)) for way in (ours, other, other, ours)]
    mine, others = (min(cpu for way, cpu in found if way is wanted) for wanted in pair)
    return mine / others


def _cpu_of(way: Way) -> float:
    before = _cpu_seconds()
    way()
    return _cpu_seconds() - before


def _cpu_seconds() -> float:
    """Of this process and its JVM, so far."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


def records_pair() -> Pair:
    """The lines of a file as Kafka records, and as JSON objects with the same key and headers."""
    chunks = list(SyntheticTweets(RECORDS, 1).chunks())
    columns = HEADER.decode().rstrip("\n").split("\t")

    def plain() -> Iterator[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
        for number, line in enumerate(b"".join(chunks).split(b"\n")):
            fields = line.decode(errors="replace").split("\t")
            value = json.dumps(dict(zip(columns, fields, strict=False))).encode()
            key = fields[0].encode()
            yield key, value, [("source", b"file"), ("line", str(number).encode()), ("event-id", key)]

    return lambda: [*tweet_records(split_lines(chunks), "file", "file")], lambda: [*plain()]


def bronze_pair(spark: SparkSession, lake: Settings) -> Pair:
    """Kafka's rows judged and typed, and as a tutorial types them."""
    number = F.col("id")
    value = F.to_json(
        F.struct(
            (number + 1).cast("string").alias("tweet_id"),
            F.lit("2020-03-02").alias("date"),
            F.date_format(F.timestamp_seconds(number % 86_400), "HH:mm:ss").alias("time"),
            F.lit("en").alias("lang"),
            F.lit("US").alias("country_code"),
        )
    )
    path = f"{lake.home}/kafka"
    spark.range(0, KAFKA_ROWS, 1, 2).select(
        F.lit("tweets").alias("topic"),
        (number % 2).cast("int").alias("partition"),
        number.alias("offset"),
        F.current_timestamp().alias("timestamp"),
        (number + 1).cast("string").cast("binary").alias("key"),
        value.cast("binary").alias("value"),
        F.array(F.struct(F.lit("line").alias("key"), F.lit("1").cast("binary").alias("value"))).alias("headers"),
    ).write.mode("overwrite").parquet(path)
    kafka = spark.read.parquet(path)
    fields = F.from_json(F.col("value").cast("string"), FIELDS).alias("fields")
    typed = kafka.select("*", fields).select(
        "*",
        F.col("fields.tweet_id").try_cast("bigint").alias("tweet_id"),
        F.concat_ws(" ", "fields.date", "fields.time").try_cast("timestamp").alias("event_time"),
    )
    return lambda: _run(tweets_to_bronze(kafka)), lambda: _run(typed)


def validation_pair(spark: SparkSession, lake: Settings) -> Pair:
    """The suites of bronze and silver, and what they ask as an aggregate."""
    generate(spark, lake, LAKE_ROWS)
    return lambda: suites(spark, lake), lambda: aggregate(spark, lake)


def gold_pair(spark: SparkSession, lake: Settings) -> Pair:
    """All marts by our step, and each by a query of its own; silver is there by now."""

    def one_by_one() -> None:
        for name, (source, transform) in MARTS.items():
            mart = transform(read_table(spark, lake, source))
            mart.write.format("delta").mode("overwrite").save(f"{table_path(lake, name)}-by-hand")

    return lambda: gold(spark, lake), one_by_one


def _run(frame: DataFrame) -> None:
    """Compute all rows and drop them."""
    frame.write.format("noop").mode("overwrite").save()


if __name__ == "__main__":
    main()
