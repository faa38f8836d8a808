"""The gold mart of tweets, from silver.tweets."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def tweet_metrics(tweets: DataFrame) -> DataFrame:
    """Count tweets per hour, and beside each hour the total of its day.

    Args:
        tweets: ``event_time``, one row per tweet.

    Returns:
        ``period_hour``, ``tweets_per_hour``, ``tweets_per_day``; hours without tweets have no row.
    """
    hour = F.date_trunc("hour", "event_time").alias("period_hour")
    hours = tweets.groupBy(hour).agg(F.count("*").alias("tweets_per_hour"))
    day = Window.partitionBy(F.to_date("period_hour"))
    return hours.withColumn("tweets_per_day", F.sum("tweets_per_hour").over(day))
