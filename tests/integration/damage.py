"""What can have happened to a table: rows gone, doubled, altered. By ``deltalake``, as none of the jobs does it."""

from __future__ import annotations

from deltalake import DeltaTable, QueryBuilder, write_deltalake

from tideline.lake import table_path
from tideline.settings import Settings


def lose(settings: Settings, name: str, which: str) -> None:
    """Delete rows."""
    DeltaTable(table_path(settings, name)).delete(which)


def double(settings: Settings, name: str, which: str) -> None:
    """Append a copy of rows."""
    table = DeltaTable(table_path(settings, name))
    copied = f"select * from t where {which}"  # noqa: S608 - the tests' own literals
    rows = QueryBuilder().register("t", table).execute(copied).read_all()
    write_deltalake(table, rows, mode="append")


def alter(settings: Settings, name: str, which: str, **values: str) -> None:
    """Set columns of rows to SQL expressions."""
    quoted = {f'"{column}"': value for column, value in values.items()}
    DeltaTable(table_path(settings, name)).update(quoted, predicate=which)
