from datetime import timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from batch.silver import comes_first, to_silver
from tests.batch.builders import RECEIVED, frame, tweet
from tideline.schemas import TABLES

SILVER = TABLES["silver.tweets"]


def test_silver_holds_the_first_valid_row_of_an_event_in_silvers_columns(spark: SparkSession) -> None:
    rows = [
        tweet(0, event_id="a", reasons=["broken"]),
        tweet(5, event_id="a", lang="fr"),
        tweet(3, event_id="a", lang="en"),
        tweet(4, event_id="b"),
        tweet(6, event_id="c", reasons=["broken"]),
    ]
    silver = to_silver(frame(spark, "bronze.tweets", rows), SILVER)
    assert silver.columns == SILVER.column_names
    found = silver.select("event_id", "offset", "lang").collect()
    assert sorted(tuple(row) for row in found) == [("a", 3, "en"), ("b", 4, None)]


def test_rows_compare_by_kafka_time_then_partition_then_offset(spark: SparkSession) -> None:
    stored = (RECEIVED, 1, 5)
    earlier = RECEIVED - timedelta(seconds=1)
    others = [(earlier, 9, 9), (RECEIVED, 0, 9), (RECEIVED, 1, 4), (RECEIVED, 1, 5), (RECEIVED, 1, 6), (RECEIVED, 2, 0)]
    ddl = "kafka_timestamp timestamp, partition int, offset bigint"
    new, old = spark.createDataFrame(others, ddl).alias("n"), spark.createDataFrame([stored], ddl).alias("s")
    compared = new.crossJoin(old).select("n.*", F.expr(comes_first("n", "s")).alias("first")).collect()
    assert [row["first"] for row in compared] == [True, True, True, False, False, False]
