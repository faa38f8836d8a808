"""Bronze: the only reader of Kafka. All records, good and bad, one commit per micro-batch, by Delta's own sink."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.readwriter import DataStreamWriter

from streaming.emissions import emissions_to_bronze
from streaming.progress import OBSERVED
from streaming.tweets import tweets_to_bronze
from tideline.events import is_valid
from tideline.settings import Settings

EARLIEST = -2
"""What Spark's Kafka source calls the first offset that a partition still holds."""

SINK = "tideline.sink.ChecksumSinkProvider"
"""Delta's own sink, but for how it learns that a batch is in the table already."""

BRONZE_TRANSFORMS: dict[str, Callable[[DataFrame], DataFrame]] = {
    "tweets": tweets_to_bronze,
    "emissions": emissions_to_bronze,
}


@dataclass(frozen=True)
class KafkaStart:
    """Where a topic is read from: every partition named, so that Spark asserts that each exists."""

    topic: str
    offsets: Mapping[int, int]

    def to_json(self) -> str:
        """The form that Spark's ``startingOffsets`` takes."""
        return json.dumps({self.topic: {str(p): o for p, o in sorted(self.offsets.items())}})


def read_kafka(spark: SparkSession, settings: Settings, start: KafkaStart) -> DataFrame:
    """A streaming frame of a topic's records, with headers."""
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap)
        .option("subscribe", start.topic)
        .option("startingOffsets", start.to_json())
        .option("includeHeaders", "true")
        # Records that left Kafka before they were read are a loss; to go on quietly would hide it.
        .option("failOnDataLoss", "true")
        .option("maxOffsetsPerTrigger", settings.batch_records)
        # Kafka's default of 1 MiB per partition and request costs twice the CPU of the read.
        .option("kafka.max.partition.fetch.bytes", 16 << 20)
        .option("kafka.fetch.max.bytes", 64 << 20)
        .option("kafka.max.poll.records", 10_000)
        .option("kafka.receive.buffer.bytes", 1 << 20)
        .load()
    )


def observations() -> list[Column]:
    """What is counted while bronze is written, so that nobody has to read the rows again.

    ``quarantined``: rows; ``oldest`` and ``newest``: Kafka's times in milliseconds, null in an empty batch.
    """
    return [
        F.count_if(~is_valid()).alias("quarantined"),
        F.unix_millis(F.min("kafka_timestamp")).alias("oldest"),
        F.unix_millis(F.max("kafka_timestamp")).alias("newest"),
    ]


def bronze_writer(kafka: DataFrame, source: str) -> DataStreamWriter:
    """The write of a source's bronze table; the caller adds trigger, checkpoint and path."""
    rows = BRONZE_TRANSFORMS[source](kafka).observe(OBSERVED, *observations())
    return rows.writeStream.format(SINK).outputMode("append").queryName(f"bronze.{source}")
