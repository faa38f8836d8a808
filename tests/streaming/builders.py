"""Literal Kafka records and bronze rows, with defaults for what a test does not care about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

KAFKA_DDL = (
    "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, "
    "headers array<struct<key: string, value: binary>>"
)
Headers = Sequence[Mapping[str, object]] | None
RECEIVED = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def kafka_frame(spark: SparkSession, values: Sequence[bytes | None], **record: Any) -> DataFrame:
    """Records of these values as Spark's Kafka source hands them over; offsets count from 0."""
    headers = record.pop("headers", None)
    return kafka_records(spark, [(value, headers) for value in values], **record)


def kafka_records(spark: SparkSession, records: Iterable[tuple[bytes | None, Headers]], **record: Any) -> DataFrame:
    """Records of these values and headers as Spark's Kafka source hands them over; offsets count from 0."""
    topic, received = record.get("topic", "tweets"), record.get("timestamp", RECEIVED)
    rows = [(b"key", value, topic, 0, offset, received, headers) for offset, (value, headers) in enumerate(records)]
    return spark.createDataFrame(rows, KAFKA_DDL)


def as_json(fields: Mapping[str, object]) -> bytes:
    """A record's value."""
    return json.dumps(fields).encode()


def tweet(**fields: object) -> bytes:
    """A valid tweet record, but for the fields that are given; None leaves one out."""
    record = {"tweet_id": "937349434668498944", "date": "2017-12-03", "time": "15:54:54"} | fields
    return as_json({name: value for name, value in record.items() if value is not None})


def emission(**fields: object) -> bytes:
    """A valid emission record, but for the fields that are given; None leaves one out."""
    record = {
        "date": "03/31/2024",
        "domain": "example.org",
        "format": "display",
        "country": "FR",
        "ad_size": "300x250",
        "device": "desktop",
        "adSelectionEmissions": "1.5",
        "creativeDistributionEmissions": "2.25",
        "mediaDistributionEmissions": "3",
        "totalEmissions": "6.75",
        "domainCoverage": "measured",
    } | fields
    return as_json({name: value for name, value in record.items() if value is not None})
