"""The job ``publish``: loads gold into PostgreSQL, all marts in one transaction, so that no reader sees half of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from deltalake import DeltaTable as DeltaLog
from psycopg import sql

from batch.log import GoldState, made_from
from batch.publish_load import replace_rows
from batch.publish_tables import (
    PUBLISHED,
    SCHEMA,
    column_types,
    comment_mart,
    create_mart,
    create_published,
    create_schema,
    identifier,
    marts,
)
from tideline.errors import PublishError, TableError
from tideline.lake import open_log
from tideline.postgres import postgres
from tideline.schemas import Table
from tideline.settings import Settings

LOCK = 0x7469646C696E65
"""The advisory lock under which one run at a time publishes into a database."""


@dataclass(frozen=True)
class Published:
    """What one run did to one mart in PostgreSQL; ``replaced`` names the days, or all of it."""

    mart: str
    version: int
    rows: int
    replaced: str


@dataclass(frozen=True)
class Mart:
    """A mart at one version, and what that was made from."""

    table: Table
    log: DeltaLog
    made_from: GoldState

    @property
    def delta(self) -> tuple[str, int]:
        """The table's own id, and its version."""
        return str(self.log.metadata().id), int(self.log.version())


def publish(settings: Settings) -> list[Published]:
    """Bring PostgreSQL's schema ``gold`` to the newest gold, in one transaction.

    Raises:
        SkippedError: no PostgreSQL is set.
        TableError: gold is missing, or its marts do not belong together.
        PublishError: PostgreSQL cannot be reached, or refuses.
    """
    with postgres(settings) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        # Only now: who waited for the lock publishes what is newest then.
        found = read_marts(settings)
        # Not "if not exists": that asks for the right to create schemas even where there is one.
        if connection.execute("select to_regnamespace(%s)", [SCHEMA]).fetchone() == (None,):
            connection.execute(create_schema())
        connection.execute(create_published())
        stands = _stands(connection)
        return [_publish_mart(connection, mart, stands.get(mart.table.name)) for mart in found]


def read_marts(settings: Settings) -> list[Mart]:
    """Every mart at its newest version.

    Raises:
        TableError: one is missing, or they were made from different versions of one silver table.
    """
    found = list(_open_marts(settings))
    for mart in found:
        other = next(m for m in found if m.made_from.silver == mart.made_from.silver)
        if other.made_from != mart.made_from:
            msg = (
                f"{mart.table.name} was made from version {mart.made_from.silver_version} of {mart.made_from.silver}, "
                f"but {other.table.name} from version {other.made_from.silver_version}: a run of gold has not ended; "
                "when none runs, run `python -m batch gold`, then again"
            )
            raise TableError(msg)
    return found


def _open_marts(settings: Settings) -> Iterator[Mart]:
    for table in marts():
        log = open_log(settings, table.name)
        state = made_from(log)
        if state is None:
            msg = f"{table.name} does not say which version of silver it was made from; run `python -m batch gold`"
            raise TableError(msg)
        yield Mart(table, log, state)


def _publish_mart(connection: psycopg.Connection, mart: Mart, stands: tuple[str, int] | None) -> Published:
    table, version = mart.table, int(mart.log.version())
    is_new = _is_missing(connection, table)
    if is_new:
        connection.execute(create_mart(table))
    elif stands == mart.delta:
        return Published(table.name, version, int(mart.log.count()), "nothing, stands already")
    connection.execute(comment_mart(table))
    loaded = replace_rows(connection, table, mart.log)
    _record(connection, mart, loaded.rows)
    return Published(table.name, version, loaded.rows, loaded.replaced)


def _is_missing(connection: psycopg.Connection, table: Table) -> bool:
    """Whether the mart has no table yet.

    Raises:
        PublishError: it has one with other columns.
    """
    found: dict[str, str] = dict(
        connection.execute(_COLUMNS, [identifier(table.name).as_string(connection)]).fetchall()
    )
    declared = column_types(table)
    if found and found != declared:
        differences = [
            f"{name}: declared {declared.get(name, 'nothing')}, found {found.get(name, 'nothing')}"
            for name in declared | found
            if declared.get(name) != found.get(name)
        ]
        msg = (
            f"{table.name} in PostgreSQL has other columns than declared ({'; '.join(differences)}); drop it there, "
            "and the next run makes it anew"
        )
        raise PublishError(msg)
    return not found


def _stands(connection: psycopg.Connection) -> dict[str, tuple[str, int]]:
    """By mart the id and the version of the Delta table whose rows PostgreSQL has."""
    rows = connection.execute(sql.SQL("select mart, delta_id, delta_version from {}").format(identifier(PUBLISHED)))
    return {mart: (delta_id, version) for mart, delta_id, version in rows}


def _record(connection: psycopg.Connection, mart: Mart, rows: int) -> None:
    delta_id, version = mart.delta
    bronze = mart.made_from.bronze
    values = {
        "mart": mart.table.name,
        "delta_id": delta_id,
        "delta_version": version,
        "silver_version": mart.made_from.silver_version,
        "bronze_id": bronze and bronze.bronze_id,
        "bronze_version": bronze and bronze.bronze_version,
        "rows": rows,
    }
    published = identifier(PUBLISHED)
    connection.execute(sql.SQL("delete from {} where mart = %s").format(published), [mart.table.name])
    insert = sql.SQL("insert into {} ({}, published_at) values ({}, now())").format(
        published,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    connection.execute(insert, values)


_COLUMNS = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
"""
