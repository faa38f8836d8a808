"""A small lake in a folder that is thrown away: it makes a JVM load the classes that Tideline's applications use."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tideline.creation import create_tables
from tideline.events import first_events, valid_rows
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.session import build_session
from tideline.settings import Settings
from tideline.tables import read_table

BRONZE, SILVER, GOLD = "bronze.emissions", "silver.emissions", "gold.daily_country_trends"


def train(spark: SparkSession, settings: Settings) -> None:
    """Create, append, stream, merge, overwrite, read and compact."""
    create_tables(settings, BRONZE, SILVER, GOLD)
    for start in (0, 100):
        _append_bronze(spark, settings, start)
    _merge(spark, settings, valid_rows(_changes(spark, settings)))
    stream = spark.readStream.format("delta").load(table_path(settings, BRONZE))
    counts = stream.groupBy(F.window("kafka_timestamp", "1 hour"), "country").count()
    for frame, mode in ((counts, "update"), (stream, "append")):
        query = (
            frame.writeStream.outputMode(mode)
            .foreachBatch(_count)
            .option("checkpointLocation", f"{settings.checkpoints}/{mode}")
            .trigger(availableNow=True)
        )
        query.start().awaitTermination()
    silver = read_table(spark, settings, SILVER).persist()
    totals = silver.groupBy("date", "country").agg(F.sum("totalEmissions").alias("total_emissions"))
    totals.write.format("delta").mode("overwrite").save(table_path(settings, GOLD))
    ranked = totals.withColumn("share", F.stddev_samp("total_emissions").over(Window.partitionBy("country")))
    ranked.unionAll(ranked.crossJoin(ranked.agg(F.count_distinct("country"))).select(*ranked.columns)).collect()
    ranked.orderBy(F.desc("share")).limit(3).toPandas()
    ranked.toArrow()
    DeltaTable.forPath(spark, table_path(settings, BRONZE)).optimize().executeCompaction()
    _ask_a_store(spark)


def _ask_a_store(spark: SparkSession) -> None:
    """Load what S3A loads until a request is sent; nobody answers it."""
    jvm: Any = spark._jvm
    conf = jvm.org.apache.hadoop.conf.Configuration(spark._jsc.hadoopConfiguration())
    nowhere = {
        "endpoint": "http://127.0.0.1:9",
        "endpoint.region": "us-east-1",
        "path.style.access": "true",
        "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "access.key": "nobody",
        "secret.key": "nothing",
        "attempts.maximum": "1",
        "retry.limit": "0",
    }
    for name, value in nowhere.items():
        conf.set(f"fs.s3a.{name}", value)
    path = jvm.org.apache.hadoop.fs.Path("s3a://nowhere/file")
    with suppress(Py4JJavaError):
        path.getFileSystem(conf).exists(path)


def _count(rows: DataFrame, _: int) -> None:
    rows.persist().count()


def _append_bronze(spark: SparkSession, settings: Settings, start: int) -> None:
    numbers = spark.range(start, start + 100)
    given = {
        "topic": F.lit("t"),
        "partition": (F.col("id") % 2).cast("int"),
        "offset": F.col("id"),
        "kafka_timestamp": F.timestamp_seconds("id"),
        "event_id": (F.col("id") % 90).cast("string"),
        "reasons": F.array().cast("array<string>"),
        "country": F.get_json_object(F.lit('{"country": "FR"}'), "$.country"),
    }
    columns = [
        given.get(c.name, F.lit("1").try_cast(c.type) if "<" not in c.type else F.lit(None).cast(c.type)).alias(c.name)
        for c in TABLES[BRONZE].columns
    ]
    numbers.select(*columns).repartition(2).write.format("delta").mode("append").save(table_path(settings, BRONZE))


def _changes(spark: SparkSession, settings: Settings) -> DataFrame:
    feed = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 1)
    return feed.load(table_path(settings, BRONZE)).select(*TABLES[SILVER].column_names)


def _merge(spark: SparkSession, settings: Settings, rows: DataFrame) -> None:
    for _ in range(2):
        target = DeltaTable.forPath(spark, table_path(settings, SILVER)).alias("t")
        merge = target.merge(first_events(rows).alias("s"), "s.event_id = t.event_id")
        merge.whenMatchedUpdateAll(condition="s.offset < t.offset").whenNotMatchedInsertAll().execute()


if __name__ == "__main__":
    here = Settings(home=Path(sys.argv[1]), spark_master="local[2]", driver_memory="1g")
    session = build_session(here, "tideline-training", {"spark.driver.extraJavaOptions": sys.argv[2]})
    train(session, here)
    session.stop()
