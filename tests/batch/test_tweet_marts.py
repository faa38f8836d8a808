from datetime import UTC, datetime

from pyspark.sql import SparkSession

from batch.tweet_marts import tweet_metrics
from tests.batch.builders import frame, tweet


def test_an_hour_counts_its_tweets_and_names_its_days_total(spark: SparkSession) -> None:
    # 1 March: 09:00 ├─ 09:00:00, 09:59:59 ─┤ 10:00 ├─ 10:00:00 ─┤ … 2 March: 00:00 ├─ 00:00:00 ─┤
    times = [(1, 9, 0, 0), (1, 9, 59, 59), (1, 10, 0, 0), (2, 0, 0, 0)]
    rows = [tweet(n, event_time=datetime(2020, 3, *time, tzinfo=UTC)) for n, time in enumerate(times)]
    metrics = tweet_metrics(frame(spark, "silver.tweets", rows))
    seconds = metrics.selectExpr("unix_timestamp(period_hour)", "tweets_per_hour", "tweets_per_day").collect()
    assert sorted(tuple(row) for row in seconds) == [
        (int(datetime(2020, 3, 1, 9, tzinfo=UTC).timestamp()), 2, 3),
        (int(datetime(2020, 3, 1, 10, tzinfo=UTC).timestamp()), 1, 3),
        (int(datetime(2020, 3, 2, 0, tzinfo=UTC).timestamp()), 1, 1),
    ]


def test_no_tweets_have_no_hours(spark: SparkSession) -> None:
    assert tweet_metrics(frame(spark, "silver.tweets", [])).collect() == []
