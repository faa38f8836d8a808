"""PySpark as a tutorial has it: Kafka, ``from_json``, checks, Delta, on a session of a user who has set nothing.

``python -m bench.rivals.streams.naive FOLDER once|forever`` lands the tweets' topic in ``FOLDER/table``.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.rivals.plain_spark import plain_session
from tideline.reasons import CLOCK_TOLERANCE_SECONDS, RULE_VERSION, Reason
from tideline.settings import Settings, load_settings

NAMES = ("tweet_id", "date", "time", "lang", "country_code", "country_place", "_corrupt_record")
FIELDS = ", ".join(f"{name} string" for name in NAMES)


def read(spark: SparkSession, settings: Settings) -> DataFrame:
    """The topic from its beginning."""
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap)
        .option("subscribe", settings.tweets_topic)
        .option("startingOffsets", "earliest")
        .option("includeHeaders", "true")
        .load()
    )


def rows(kafka: DataFrame) -> DataFrame:
    """The columns of ``bronze.tweets``."""
    text = F.col("value").cast("string")
    typed = kafka.withColumn("fields", F.from_json(text, FIELDS)).withColumns(
        {
            "tweet_id": F.col("fields.tweet_id").try_cast("bigint"),
            "event_time": F.try_to_timestamp(
                F.concat_ws(" ", "fields.date", "fields.time"), F.lit("yyyy-MM-dd HH:mm:ss")
            ),
        }
    )
    return typed.select(
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("kafka_timestamp"),
        F.coalesce(
            F.when(F.col("tweet_id") > 0, F.col("tweet_id").cast("string")),
            F.concat_ws("-", "topic", "partition", "offset"),
        ).alias("event_id"),
        F.when(F.col("tweet_id") > 0, F.col("tweet_id")).alias("tweet_id"),
        "event_time",
        F.nullif(F.trim("fields.lang"), F.lit("")).alias("lang"),
        F.nullif(F.trim(F.coalesce("fields.country_code", "fields.country_place")), F.lit("")).alias("country_code"),
        F.array_compact(F.array(*checks())).alias("reasons"),
        F.lit(RULE_VERSION).alias("rule_version"),
        "key",
        "value",
        "headers",
    )


def checks() -> list[Column]:
    """The reason or null of each check; those of a value that is no object stand alone."""
    text = F.col("value").cast("string")
    is_raw = F.coalesce(F.exists("headers", lambda header: header.key == "raw"), F.lit(False))
    form = (
        F.when(F.col("value").isNull(), Reason.NO_VALUE.value)
        .when(~F.is_valid_utf8(text), Reason.NOT_UTF8.value)
        .when(is_raw, Reason.WRONG_COLUMNS.value)
        .when(F.col("fields").isNull() | F.col("fields._corrupt_record").isNotNull(), Reason.NOT_JSON.value)
    )
    missing = _is_blank("fields.date") | _is_blank("fields.time")
    latest = F.col("timestamp") + F.expr(f"interval {CLOCK_TOLERANCE_SECONDS} seconds")
    found = (
        (F.col("tweet_id").isNull() | (F.col("tweet_id") <= 0), Reason.ID_INVALID),
        (missing, Reason.TIME_MISSING),
        (~missing & F.col("event_time").isNull(), Reason.TIME_UNREADABLE),
        (F.col("event_time") > latest, Reason.TIME_IN_FUTURE),
    )
    return [form, *(F.when(form.isNull() & when, reason.value) for when, reason in found)]


def _is_blank(name: str) -> Column:
    return F.coalesce(F.trim(name) == "", F.lit(True))


def main() -> None:
    """Run; the last line is the number of rows as JSON."""
    folder, forever = Path(sys.argv[1]), sys.argv[2] == "forever"
    settings = load_settings()
    spark = plain_session(settings)
    writer = rows(read(spark, settings)).writeStream.format("delta").outputMode("append")
    writer = writer if forever else writer.trigger(availableNow=True)
    query = writer.option("checkpointLocation", str(folder / "checkpoint")).start(str(folder / "table"))
    signal.signal(signal.SIGTERM, lambda *_: query.stop())
    query.awaitTermination()
    spark.stop()
    sys.stdout.write(json.dumps({"rows": DeltaTable(folder / "table").count()}) + "\n")


if __name__ == "__main__":
    main()
