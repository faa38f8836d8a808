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


def columns_for(silver: Table) -> list[str]:
    """The columns of bronze that a silver table is made from: not the raw records."""
    return [*silver.column_names, "reasons"]


def comes_first(new: str, stored: str) -> str:
    """The SQL condition under which row ``new`` of an event precedes row ``stored``, for Spark and for DataFusion.

    >>> comes_first("n", "s")
    'n.kafka_timestamp < s.kafka_timestamp OR n.kafka_timestamp = s.kafka_timestamp AND (n.partition < s.partition OR \
n.partition = s.partition AND (n.offset < s.offset))'
    """
    *earlier, last = EVENT_ORDER
    condition = f"{new}.{last} < {stored}.{last}"
    for name in reversed(earlier):
        condition = f"{new}.{name} < {stored}.{name} OR {new}.{name} = {stored}.{name} AND ({condition})"
    return condition
