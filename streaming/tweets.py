"""Tweets: from Kafka records to bronze rows, valid and rejected alike."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from streaming.records import (
    blank_to_null,
    coordinates_id,
    is_blank,
    reject,
    with_coordinates,
    with_fields,
    with_reasons,
)
from tideline.reasons import CLOCK_TOLERANCE_SECONDS, RULE_VERSION, Reason
from tideline.schemas import TABLES

FIELDS = ("tweet_id", "date", "time", "lang", "country_code", "country_place")
"""The fields that bronze types; others stay in the raw value."""

_SHORT = ("tweet_id", "date", "time")
TWEET_LAYOUTS = ((*_SHORT, "lang", "country_code"), _SHORT, (*_SHORT, "lang", "country_place"))
"""The headers that tweet files are published with, the most frequent first."""


def tweets_to_bronze(kafka: DataFrame) -> DataFrame:
    """Judge and type tweet records.

    Args:
        kafka: the columns of Spark's Kafka source, with headers.

    Returns:
        The columns of ``bronze.tweets``, one row per record, whatever the record holds.
    """
    parsed = with_fields(with_coordinates(kafka), FIELDS, TWEET_LAYOUTS)
    typed = parsed.select(
        "*",
        tweet_id(F.col("fields.tweet_id")).alias("tweet_id"),
        event_time(F.col("fields.date"), F.col("fields.time")).alias("event_time"),
        (is_blank(F.col("fields.date")) | is_blank(F.col("fields.time"))).alias("time_missing"),
    )
    judged = with_reasons(typed, tweet_checks())
    return judged.select(
        "*",
        F.coalesce(F.col("tweet_id").cast("string"), coordinates_id()).alias("event_id"),
        blank_to_null(F.col("fields.lang")).alias("lang"),
        blank_to_null(F.coalesce("fields.country_code", "fields.country_place")).alias("country_code"),
        F.lit(RULE_VERSION).alias("rule_version"),
    ).select(*TABLES["bronze.tweets"].column_names)


def tweet_id(text: Column) -> Column:
    """A positive 64-bit integer, or null."""
    number = text.try_cast("bigint")
    return F.when(number > 0, number)


def event_time(date: Column, time: Column) -> Column:
    """The UTC time of ``2020-03-01`` and ``12:34:56``, or null.

    The shape is checked before the cast: a bare time would be cast to a time of today.
    """
    shaped = (F.length(date) == 10) & (F.length(time) == 8) & (F.substring(time, 3, 1) == ":")
    return F.when(shaped, F.concat_ws(" ", date, time).try_cast("timestamp"))


def tweet_checks() -> list[Column]:
    """The checks of a tweet that has fields; needs ``time_missing``, the typed columns and ``kafka_timestamp``."""
    # In microseconds: Spark adds an interval to a timestamp by way of a calendar, for every row.
    latest = F.unix_micros("kafka_timestamp") + CLOCK_TOLERANCE_SECONDS * 1_000_000
    return [
        reject(F.col("tweet_id").isNull(), Reason.ID_INVALID),
        reject(F.col("time_missing"), Reason.TIME_MISSING),
        reject(~F.col("time_missing") & F.col("event_time").isNull(), Reason.TIME_UNREADABLE),
        reject(F.unix_micros("event_time") > latest, Reason.TIME_IN_FUTURE),
    ]
