"""What stands in PostgreSQL beside what stands in the lake, value by value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from batch.gold import MARTS
from batch.publish_tables import identifier
from tideline.lake import open_log
from tideline.settings import Settings


def query(lake: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(lake.postgres_url) as connection:
        return connection.execute(statement.encode()).fetchall()


def rows_of(lake: Settings, mart: str) -> list[tuple[Any, ...]]:
    return query(lake, f"select * from {identifier(mart).as_string()}")  # noqa: S608 - our own names


def in_lake(lake: Settings, mart: str) -> list[tuple[Any, ...]]:
    rows = open_log(lake, mart).to_pyarrow_table().to_pylist()
    return [tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row.values()) for row in rows]


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows in an order that does not depend on how a time zone is written."""
    return sorted(([v.astimezone(UTC) if isinstance(v, datetime) else v for v in row] for row in rows), key=str)


def assert_published(lake: Settings) -> None:
    """PostgreSQL holds the rows of every mart, value by value."""
    for mart in MARTS:
        assert in_order(rows_of(lake, mart)) == in_order(in_lake(lake, mart)), mart
