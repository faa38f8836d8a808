"""The tables of schema ``gold`` in PostgreSQL, made from the registry: types, keys and comments. Pure."""

from __future__ import annotations

import re
from typing import Final

from psycopg import sql

from tideline.schemas import TABLES, Column, Table

SCHEMA: Final = "gold"
PUBLISHED: Final = "published"

_TYPES: Final = {
    "string": "text",
    "int": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp with time zone",
}

MAY_BE_NULL: Final = frozenset({"device", "format"})
"""The key columns that cleaned rows may leave open: a null there is a group of its own."""

_PUBLISHED_COLUMNS: Final = {
    "mart": "text",
    "delta_id": "text",
    "delta_version": "bigint",
    "silver_version": "bigint",
    "bronze_id": "text",
    "bronze_version": "bigint",
    "rows": "bigint",
    "published_at": "timestamp with time zone",
}
_PUBLISHED_COMMENT: Final = "What stands in each mart: the versions of the lake that its rows come from"


def marts() -> list[Table]:
    """The marts, as the lake has them."""
    return [table for table in TABLES.values() if table.schema == "gold"]


def column_types(table: Table) -> dict[str, str]:
    """Each column's type, as PostgreSQL writes it.

    >>> column_types(TABLES["gold.daily_country_trends"])
    {'date': 'date', 'country': 'text', 'total_emissions': 'numeric(28,6)'}
    """
    return {column.name: _type(column) for column in table.columns}


def identifier(name: str) -> sql.Identifier:
    """A table of the schema.

    >>> identifier("gold.tweet_metrics").as_string()
    '"gold"."tweet_metrics"'
    """
    return sql.Identifier(SCHEMA, name.rpartition(".")[2])


def create_schema() -> sql.Composed:
    """Make the schema."""
    return sql.SQL("create schema {}").format(sql.Identifier(SCHEMA))


def create_published() -> sql.Composed:
    """Make the table of what is published, where it is missing."""
    columns = _columns(_PUBLISHED_COLUMNS)
    statements = [
        sql.SQL("create table if not exists {} ({}, primary key (mart))").format(identifier(PUBLISHED), columns),
        sql.SQL("comment on table {} is {}").format(identifier(PUBLISHED), sql.Literal(_PUBLISHED_COMMENT)),
    ]
    return sql.SQL("; ").join(statements)


def create_mart(table: Table) -> sql.Composed:
    """Make a mart's table with its key and its types."""
    parts = [_columns(column_types(table)), *_key(table)]
    return sql.SQL("create table {} ({})").format(identifier(table.name), sql.SQL(", ").join(parts))


def comment_mart(table: Table) -> sql.Composed:
    """Say what the table and its columns hold."""
    target = identifier(table.name)
    column = sql.SQL("comment on column {}.{} is {}")
    comments = (column.format(target, sql.Identifier(c.name), sql.Literal(c.comment)) for c in table.columns)
    return sql.SQL("; ").join(
        [sql.SQL("comment on table {} is {}").format(target, sql.Literal(table.comment)), *comments]
    )


def day_of(table: Table) -> sql.Composable:
    """The day that a row belongs to, in UTC; null where a mart has no days: it is one whole."""
    first = table.columns[0]
    if not has_days(table):
        return sql.SQL("null::date")
    day = "({} at time zone 'UTC')::date" if first.type == "timestamp" else "{}"
    return sql.SQL(day).format(sql.Identifier(first.name))


def has_days(table: Table) -> bool:
    """Whether a mart's rows belong to days: its first column then says to which."""
    return table.columns[0].type in ("date", "timestamp")


def _key(table: Table) -> list[sql.Composable]:
    if not table.key:
        return []
    form = "unique nulls not distinct ({})" if MAY_BE_NULL & set(table.key) else "primary key ({})"
    return [sql.SQL(form).format(sql.SQL(", ").join(map(sql.Identifier, table.key)))]


def _columns(types: dict[str, str]) -> sql.Composed:
    columns = (sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items())
    return sql.SQL(", ").join(columns)


def _type(column: Column) -> str:
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", column.type)
    return f"numeric({decimal[1]},{decimal[2]})" if decimal else _TYPES[column.type]
