"""PostgreSQL's databases and their users."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from tideline.errors import ServiceError

GOLD = "gold"
"""The schema that `publish` makes."""

_CONNECT_SECONDS = 10


def make_databases(address: str, password: str, owners: Mapping[str, str]) -> list[str]:
    """Make the databases that are missing, each with an owner of its own who alone may connect.

    Args:
        address: the server as its superuser, such as ``postgresql://postgres@postgres/postgres``.
        password: the superuser's.
        owners: the password of each database's owner by the name of both; an owner that exists gets it, too.

    Returns:
        The databases that were made.

    Raises:
        ServiceError: PostgreSQL cannot be reached, or refuses.
    """
    try:
        with psycopg.connect(
            address, password=password, autocommit=True, connect_timeout=_CONNECT_SECONDS
        ) as connection:
            return [name for name, owners_password in owners.items() if _make(connection, name, owners_password)]
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        msg = f"PostgreSQL cannot make the databases {' and '.join(owners)} ({said}); its log says more"
        raise ServiceError(msg) from error


def let_read(address: str, password: str, reader: str, readers_password: str, owner: str) -> None:
    """Make a user who may read what an owner has in the database of its name, and will have; nothing else.

    Args:
        address: see ``make_databases``; the database in it does not matter.
        password: the superuser's.
        reader: the user.
        readers_password: its password.
        owner: whose database it is.

    Raises:
        ServiceError: PostgreSQL cannot be reached, or refuses.
    """
    user, whose = sql.Identifier(reader), sql.Identifier(owner)
    grants = [
        "GRANT CONNECT ON DATABASE {owner} TO {reader}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {reader}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {reader}",
        # A demo that is older than its reader has them already.
        "GRANT USAGE ON SCHEMA {gold} TO {reader}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA {gold} TO {reader}",
    ]
    try:
        with psycopg.connect(
            address, dbname=owner, password=password, autocommit=True, connect_timeout=_CONNECT_SECONDS
        ) as connection:
            _make_role(connection, reader, readers_password)
            has_gold = _exists(connection, "pg_namespace", "nspname", GOLD)
            for grant in grants if has_gold else grants[:3]:
                connection.execute(sql.SQL(grant).format(owner=whose, reader=user, gold=sql.Identifier(GOLD)))
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        msg = f"PostgreSQL cannot let {reader} read {owner} ({said}); its log says more"
        raise ServiceError(msg) from error


def _make(connection: psycopg.Connection, name: str, password: str) -> bool:
    owner = sql.Identifier(name)
    _make_role(connection, name, password)
    if _exists(connection, "pg_database", "datname", name):
        return False
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(owner))
    return True


def _make_role(connection: psycopg.Connection, name: str, password: str) -> None:
    role = sql.Identifier(name)
    # PostgreSQL gets what it stores, not the password: statements may be logged.
    stored = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    if not _exists(connection, "pg_roles", "rolname", name):
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(stored)))


def _exists(connection: psycopg.Connection, catalogue: str, column: str, name: str) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(catalogue), sql.Identifier(column))
    return connection.execute(query, (name,)).fetchone() is not None
