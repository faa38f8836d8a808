"""Counting windows on literal events."""

from __future__ import annotations

from pyspark.sql import SparkSession

from streaming.counts import count_windows, emission_counting, rows_of, tweet_counting


def test_each_event_counts_in_its_hour_and_in_its_day(spark: SparkSession) -> None:
    events = spark.sql(
        """SELECT TIMESTAMP '2020-03-01 10:59:59' AS event_time, 'en' AS lang, 'US' AS country_code
        UNION ALL SELECT TIMESTAMP '2020-03-01 10:00:00', 'en', NULL
        UNION ALL SELECT TIMESTAMP '2020-03-01 23:00:00', 'en', 'US'"""
    )
    counts = count_windows(events, tweet_counting(), ["lang"])
    hourly = rows_of(counts, tweet_counting().hourly, "hour").orderBy("window_start").collect()
    assert [(f"{r.window_start:%d %H:%M}", r.lang, r.country_code, r.tweets) for r in hourly] == [
        ("01 10:00", "en", None, 2),
        ("01 23:00", "en", None, 1),
    ]
    daily = rows_of(counts, tweet_counting().daily, "day").collect()
    assert [(f"{r.window_start}", r.lang, r.country_code, r.tweets) for r in daily] == [("2020-03-01", "en", None, 3)]


def test_an_emission_row_counts_on_its_date_and_in_the_hour_that_kafka_received_it(spark: SparkSession) -> None:
    events = spark.sql(
        """SELECT DATE '2024-03-31' AS date, TIMESTAMP '2026-01-01 12:30:00' AS kafka_timestamp, NULL AS country
        UNION ALL SELECT DATE '2024-03-30', TIMESTAMP '2026-01-01 12:31:00', NULL"""
    )
    counts = count_windows(events, emission_counting(), ["country"])
    hourly = rows_of(counts, emission_counting().hourly, "hour").collect()
    assert [(f"{r.window_start:%Y-%m-%d %H}", r.emissions) for r in hourly] == [("2026-01-01 12", 2)]
    daily = rows_of(counts, emission_counting().daily, "day").orderBy("window_start").collect()
    assert [(f"{r.window_start}", r.emissions) for r in daily] == [("2024-03-30", 1), ("2024-03-31", 1)]
