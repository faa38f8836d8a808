"""Literal bronze and silver rows, with defaults for what a test does not care about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tideline.creation import create_tables
from tideline.rows import append_rows
from tideline.schemas import TABLES
from tideline.settings import Settings

RECEIVED = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def tweet(offset: int, **fields: Any) -> dict[str, Any]:
    """A row of bronze.tweets or silver.tweets: received ``offset`` seconds after noon, its own event by default."""
    return _record("tweets", offset) | {"tweet_id": 1, "event_time": datetime(2020, 3, 1, 9, 30, tzinfo=UTC)} | fields


def emission(offset: int, total: str = "6.0", **fields: Any) -> dict[str, Any]:
    """A row of bronze.emissions or silver.emissions with this total, a third of it in each component."""
    third = (Decimal(total) / 3).quantize(Decimal("0.000001"))
    values = {
        "date": date(2024, 3, 31),
        "domain": "example.org",
        "country": "FR",
        "adSelectionEmissions": third,
        "creativeDistributionEmissions": third,
        "mediaDistributionEmissions": third,
        "totalEmissions": Decimal(total),
    }
    return _record("emissions", offset) | values | fields


def frame(spark: SparkSession, table: str, rows: Sequence[dict[str, Any]]) -> DataFrame:
    """The rows as the table's columns; what a row does not name is null."""
    columns = TABLES[table].column_names
    return spark.createDataFrame([tuple(row.get(c) for c in columns) for row in rows], TABLES[table].ddl)


def append(lake: Settings, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Append the rows to the table, in one commit and one file; Spark would take a second for it."""
    create_tables(lake, table)
    append_rows(lake, table, rows)


def _record(topic: str, offset: int) -> dict[str, Any]:
    return {
        "topic": topic,
        "partition": 0,
        "offset": offset,
        "kafka_timestamp": RECEIVED + timedelta(seconds=offset),
        "event_id": f"event-{offset}",
        "reasons": [],
        "rule_version": 1,
    }
