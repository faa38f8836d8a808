"""A literal lake: Delta tables written without Spark, with the columns that the registry declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.settings import Settings

ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
    "array<struct<key: string, value: binary>>": pa.list_(pa.struct({"key": pa.string(), "value": pa.binary()})),
}


def arrow_type(sql_type: str) -> pa.DataType:
    """The Arrow type of a Spark SQL type."""
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", sql_type)
    return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else ARROW[sql_type]


Write = Callable[[str, list[dict[str, Any]]], None]


def write_rows(settings: Settings, name: str, rows: list[dict[str, Any]]) -> None:
    """Append rows to a table; columns that a row does not name are null."""
    schema = pa.schema([(c.name, arrow_type(c.type)) for c in TABLES[name].columns])
    write_deltalake(table_path(settings, name), pa.Table.from_pylist(rows, schema=schema), mode="append")


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
