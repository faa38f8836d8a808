"""The databases of the live demo, in a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deployment.databases import make_databases
from tests.integration.postgres import PASSWORD
from tideline.errors import ServiceError

pytestmark = pytest.mark.integration

OWNERS = {"one": "pass-word-of-one", "two": "pass-word-of-two"}


def connect(url: str, user: str, password: str, database: str) -> psycopg.Connection:
    address = conninfo_to_dict(url) | {"user": user, "password": password, "dbname": database}
    return psycopg.connect(make_conninfo(**address))


def test_each_database_has_an_owner_who_alone_may_use_it_and_a_second_time_changes_nothing(postgres_url: str) -> None:
    assert make_databases(postgres_url, PASSWORD, OWNERS) == ["one", "two"]
    with connect(postgres_url, "one", OWNERS["one"], "one") as connection:
        connection.execute("CREATE SCHEMA own")
        connection.execute("CREATE TABLE own.kept AS SELECT 7 AS number")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(postgres_url, "one", OWNERS["one"], "two")
    assert make_databases(postgres_url, PASSWORD, OWNERS) == []
    with connect(postgres_url, "one", OWNERS["one"], "one") as connection:
        assert connection.execute("SELECT number FROM own.kept").fetchall() == [(7,)]


def test_a_wrong_password_is_an_error_in_one_sentence_that_does_not_tell_it(postgres_url: str) -> None:
    with pytest.raises(ServiceError) as caught:
        make_databases(postgres_url, "hidden-word", {"three": "x"})
    assert str(caught.value).startswith("PostgreSQL cannot make the databases three (")
    assert "hidden-word" not in str(caught.value)
