"""``tideline sql`` and ``tideline shell`` over a lake, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from pyspark.errors import ParseException
from pyspark.sql import SparkSession

from cli.main import main
from cli.query import only_reading
from tests.batch.builders import append, tweet
from tideline.lake import open_log
from tideline.settings import Settings

pytestmark = pytest.mark.integration

READS = [
    "select 1 as n",
    "SELECT 1 AS n -- a comment",
    "with t as (select 1 as n) select n from t;",
    "-- first\nselect 1 as n",
    "(select 1 as n)",
    "from values (1) as t(n) select n",
    "with t as (select explode(array(3, 1, 2)) as n) select n from t order by n limit 1",
]
CHANGES = [
    "drop table kept",
    "insert into kept values (2)",
    "with t as (select 2 as n) insert into kept select n from t",
    "from (select 2 as n) insert into kept select n",
    "delete from kept",
    "/* select */ truncate table kept",
    "create table other as select 1 as n",
    "set spark.sql.shuffle.partitions=1",
    "select 1) ; drop table kept; select (1",
    "",
]


def tideline(lake: Settings, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *arguments],
        input=script,
        env=os.environ | lake.variables(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("statement", READS)
def test_what_reads_is_run(spark: SparkSession, statement: str) -> None:
    assert [row.n for row in spark.sql(only_reading(statement)).collect()] == [1]


@pytest.mark.parametrize("statement", CHANGES)
def test_what_would_change_something_is_not_even_parsed(spark: SparkSession, statement: str) -> None:
    with pytest.raises(ParseException):
        spark.sql(only_reading(statement))


def test_sql_knows_every_table_by_its_name_and_refuses_to_change_one(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The session of the tests stays: others go on with it.
    monkeypatch.setattr(SparkSession, "stop", lambda _: None)
    for name, value in lake.variables().items():
        monkeypatch.setenv(name, value)
    append(lake, "bronze.tweets", [tweet(0), tweet(1)])
    query = "with t as (select offset from bronze.tweets) select offset from t order by offset desc"
    assert run("sql", query, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == [{"offset": 1}, {"offset": 0}]
    assert run("sql", "drop table bronze.tweets") == 1
    answer = capsys.readouterr()
    assert answer.out == ""
    assert "`tideline sql` only reads" in answer.err
    assert open_log(lake, "bronze.tweets").count() == 2


def run(*arguments: str) -> int:
    """The exit code of ``tideline`` in this process."""
    with pytest.MonkeyPatch.context() as given:
        given.setattr(sys, "argv", ["tideline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_the_shell_knows_every_table_by_its_name_and_ends_with_the_scripts_error(lake: Settings) -> None:
    append(lake, "bronze.tweets", [tweet(0), tweet(1)])
    said = tideline(lake, "shell", script="print(spark.table('bronze.tweets').count())\n1 / 0\n")
    assert (said.returncode, said.stdout) == (1, "2\n"), said.stderr
    assert said.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
