"""The databases of the live demo, in a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deployment.databases import let_read, make_databases
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


def test_a_reader_sees_what_an_owner_makes_in_gold_before_and_after_and_may_do_nothing_else(postgres_url: str) -> None:
    make_databases(postgres_url, PASSWORD, OWNERS)
    with connect(postgres_url, "one", OWNERS["one"], "one") as owner:
        owner.execute("CREATE SCHEMA gold")
        owner.execute("CREATE TABLE gold.before AS SELECT 1 AS number")
    for _ in range(2):
        let_read(postgres_url, PASSWORD, "looker", "pass-word-of-looker", "one")
    with connect(postgres_url, "one", OWNERS["one"], "one") as owner:
        owner.execute("CREATE TABLE gold.after AS SELECT 2 AS number")
    with connect(postgres_url, "looker", "pass-word-of-looker", "one") as connection:
        connection.autocommit = True
        both = connection.execute("SELECT * FROM gold.before UNION ALL SELECT * FROM gold.after").fetchall()
        assert both == [(1,), (2,)]
        for forbidden in ("DELETE FROM gold.before", "CREATE TABLE gold.own (a int)", "CREATE SCHEMA own"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(postgres_url, "looker", "pass-word-of-looker", "two")


def test_a_reader_may_be_there_before_gold_is(postgres_url: str) -> None:
    make_databases(postgres_url, PASSWORD, {"early": "pass-word-of-early"})
    let_read(postgres_url, PASSWORD, "looker", "pass-word-of-looker", "early")
    with connect(postgres_url, "early", "pass-word-of-early", "early") as owner:
        owner.execute("CREATE SCHEMA gold")
        owner.execute("CREATE TABLE gold.first AS SELECT 1 AS number")
    with connect(postgres_url, "looker", "pass-word-of-looker", "early") as connection:
        assert connection.execute("SELECT number FROM gold.first").fetchall() == [(1,)]


def test_a_wrong_password_is_an_error_in_one_sentence_that_does_not_tell_it(postgres_url: str) -> None:
    with pytest.raises(ServiceError) as caught:
        make_databases(postgres_url, "hidden-word", {"three": "x"})
    assert str(caught.value).startswith("PostgreSQL cannot make the databases three (")
    assert "hidden-word" not in str(caught.value)
