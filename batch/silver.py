"""From bronze rows to silver rows, and when a row takes the place of a stored one."""

from __future__ import annotations

from pyspark.sql import DataFrame

from tideline.events import EVENT_ORDER, first_events, valid_rows
from tideline.schemas import Table


def to_silver(bronze: DataFrame, silver: Table) -> DataFrame:
    """The valid rows of bronze, once per event: its first.

    Returns:
        The columns of the silver table, one row per ``event_id``.
    """
    return first_events(valid_rows(bronze).select(*silver.column_names))


def comes_first(new: str, stored: str) -> str:
    """The SQL condition under which row ``new`` of an event precedes row ``stored``.

    >>> comes_first("n", "s")
    'struct(n.kafka_timestamp, n.partition, n.offset) < struct(s.kafka_timestamp, s.partition, s.offset)'
    """
    left, right = (", ".join(f"{row}.{name}" for name in EVENT_ORDER) for row in (new, stored))
    return f"struct({left}) < struct({right})"
