"""Brings one table in PostgreSQL to the rows of a mart, touching only the days that differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable as DeltaLog
from deltalake import QueryBuilder
from psycopg import sql
from pyarrow import csv

from batch.publish_tables import day_of, has_days, identifier
from tideline.rows import arrow_schema
from tideline.schemas import Table

_CSV = csv.WriteOptions(include_header=False)
"""Text is quoted and null is not: so PostgreSQL tells an empty text from none."""


@dataclass(frozen=True)
class Loaded:
    """How many rows the mart has, and what of it was replaced."""

    rows: int
    replaced: str


def replace_rows(connection: psycopg.Connection, table: Table, log: DeltaLog) -> Loaded:
    """Stage the mart's rows, find the days whose rows are others, and replace these.

    Rows are deleted and inserted, not truncated: who reads meanwhile goes on seeing the old ones.

    Args:
        connection: in a transaction, which nobody shares.
        table: the mart; its table in PostgreSQL is there.
        log: the mart in the lake, at the version that is to be published.
    """
    names = {
        "target": identifier(table.name),
        "staged": sql.Identifier("staged"),
        "changed": sql.Identifier("changed"),
        "day": day_of(table),
        "columns": sql.SQL(", ").join(map(sql.Identifier, table.column_names)),
    }
    connection.execute(_STAGE.format(**names))
    rows = _copy(connection, _COPY.format(**names), _portions(table, log))
    connection.execute(_FIND_CHANGED.format(**names))
    connection.execute(_DELETE.format(**names))
    connection.execute(_INSERT.format(**names))
    (changed,) = connection.execute(_COUNT_CHANGED.format(**names)).fetchone() or (0,)
    connection.execute(_DROP.format(**names))
    return Loaded(rows, _replaced(table, int(changed)))


_STAGE = sql.SQL("create temporary table {staged} (like {target}) on commit drop")
_COPY = sql.SQL("copy {staged} ({columns}) from stdin (format csv)")
_FIND_CHANGED = sql.SQL("""
create temporary table {changed} on commit drop as
select distinct day from (
    (select {day} as day, {columns} from {staged} except all select {day}, {columns} from {target})
    union all
    (select {day}, {columns} from {target} except all select {day}, {columns} from {staged})
) as different
""")
_DELETE = sql.SQL(
    "delete from {target} where exists (select from {changed} as c where c.day is not distinct from {day})"
)
_INSERT = sql.SQL("""
insert into {target} ({columns}) select {columns} from {staged}
where exists (select from {changed} as c where c.day is not distinct from {day})
""")
_COUNT_CHANGED = sql.SQL("select count(*) from {changed}")
_DROP = sql.SQL("drop table {staged}, {changed}")


def _copy(connection: psycopg.Connection, statement: sql.Composed, portions: Iterator[pa.Table]) -> int:
    rows = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for portion in portions:
            buffer = BytesIO()
            csv.write_csv(portion, buffer, _CSV)
            copy.write(buffer.getvalue())
            rows += portion.num_rows
    return rows


def _portions(table: Table, log: DeltaLog) -> Iterator[pa.Table]:
    """The mart's rows, some thousand at a time."""
    schema = arrow_schema(table)
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    for batch in QueryBuilder().register("t", log).execute(f"select {columns} from t"):  # noqa: S608
        portion = pa.Table.from_batches([pa.record_batch(batch)]).cast(schema)
        for n, field in enumerate(schema):
            if field.type == pa.string():
                # The one character that a text of PostgreSQL cannot hold.
                portion = portion.set_column(n, field, pc.replace_substring(portion[n], "\0", "\ufffd"))
        yield portion


def _replaced(table: Table, changed: int) -> str:
    if not changed:
        return "nothing, equal"
    if not has_days(table):
        return "all rows"
    return "1 day" if changed == 1 else f"{changed} days"
