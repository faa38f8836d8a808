"""Appends literal rows to a table of the registry by ``deltalake``, and creates it where it is missing. No Spark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tideline.lake import table_path, was_created
from tideline.s3 import storage_options
from tideline.schemas import TABLES, Table
from tideline.settings import Settings

_ARROW: Final = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
}


def arrow_type(sql_type: str) -> pa.DataType:
    """The Arrow type of a Spark SQL type.

    >>> arrow_type("array<struct<day: date, sum: decimal(18,6)>>")
    ListType(list<item: struct<day: date32[day], sum: decimal128(18, 6)>>)
    """
    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", sql_type):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if array := re.fullmatch(r"array<(.+)>", sql_type):
        return pa.list_(arrow_type(array[1]))
    if struct := re.fullmatch(r"struct<(.+)>", sql_type):
        fields = re.findall(r"(\w+): ((?:[^,(<]|\(.*?\)|<.*>)+)", struct[1])
        return pa.struct([(name, arrow_type(of)) for name, of in fields])
    return _ARROW[sql_type]


def arrow_schema(table: Table) -> pa.Schema:
    """The declared columns, with their comments."""
    return pa.schema([pa.field(c.name, arrow_type(c.type), metadata={"comment": c.comment}) for c in table.columns])


retry_lost_creation = retry(
    retry=retry_if_exception_type(CommitFailedError),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.2, max=2),
    reraise=True,
)
"""Of two who create a table at once the later one is refused, with nothing written; it looks again and finds it."""


@retry_lost_creation
def append_rows(settings: Settings, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows in one commit; without rows the table is only created where it is missing.

    Args:
        settings: where the tables lie.
        name: the table.
        rows: values by column; a column that a row does not name is null.
    """
    if not rows and was_created(settings, name):
        return
    table = TABLES[name]
    write_deltalake(
        table_path(settings, name),
        pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(table)),
        mode="append",
        configuration=table.configuration,
        storage_options=storage_options(settings),
    )
