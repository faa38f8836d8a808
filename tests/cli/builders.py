"""A literal lake: Delta tables written without Spark, with the columns that the registry declares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tideline.rows import append_rows
from tideline.settings import Settings

Write = Callable[[str, list[dict[str, Any]]], None]


def write_rows(settings: Settings, name: str, rows: list[dict[str, Any]]) -> None:
    """Append rows to a table; columns that a row does not name are null."""
    append_rows(settings, name, rows)


def bronze_row(topic: str, partition: int, offset: int, event_id: str, *reasons: str, **columns: Any) -> dict[str, Any]:
    """A bronze row, received by Kafka one second after the one before it in its partition."""
    return {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "kafka_timestamp": datetime(2024, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=offset),
        "event_id": event_id,
        "reasons": list(reasons),
        "rule_version": 1,
    } | columns
