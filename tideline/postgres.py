"""The connection to PostgreSQL. Its address may hold a password and never becomes part of a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tideline.errors import PublishError, SkippedError
from tideline.settings import Settings

_CONNECT_SECONDS = 10


@contextmanager
def postgres(settings: Settings) -> Iterator[psycopg.Connection]:
    """Connect for the length of a block, which is one transaction: all of it stands at its end, or nothing.

    What the address leaves unsaid comes from libpq's own variables, such as ``PGPASSWORD``, and its files.

    Raises:
        SkippedError: no address is set.
        PublishError: PostgreSQL cannot be reached, or refuses something.
    """
    if not settings.postgres_url:
        msg = "TIDELINE_POSTGRES_URL is not set: gold stays in the lake and nothing is published"
        raise SkippedError(msg)
    where = _where(settings.postgres_url)
    try:
        with psycopg.connect(
            settings.postgres_url, connect_timeout=_CONNECT_SECONDS, application_name="tideline publish"
        ) as connection:
            yield connection
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        msg = f"{where} cannot take gold ({said}); check TIDELINE_POSTGRES_URL, the server and the user's rights"
        raise PublishError(msg) from error


def _where(url: str) -> str:
    """Server and database, without user and password.

    Raises:
        PublishError: the address cannot be read.
    """
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Its text quotes what it could not read, which may be a part of the password.
        msg = "TIDELINE_POSTGRES_URL cannot be read: percent-encode the special characters of user and password"
        raise PublishError(msg) from None
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    return f"PostgreSQL at {host}:{port}, database {parts.get('dbname', 'of the user')},"
