"""Rows appended without Spark, by several at once, to a table that is not there yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tideline.lake import open_log
from tideline.rows import append_rows
from tideline.schemas import TABLES
from tideline.settings import Settings


def test_of_many_who_create_a_table_at_once_all_append(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: append_rows(lake, "ops.audit", [{"run_id": str(n)}]), range(6)))
    assert sorted(open_log(lake, "ops.audit").to_pyarrow_table()["run_id"].to_pylist()) == list("012345")


def test_a_table_has_the_declared_columns_with_their_comments(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    append_rows(lake, "ops.drift", [])
    fields = open_log(lake, "ops.drift").schema().fields
    assert {f.name: f.metadata["comment"] for f in fields} == {c.name: c.comment for c in TABLES["ops.drift"].columns}


def test_no_rows_are_no_commit(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    for _ in range(2):
        append_rows(lake, "ops.drift", [])
    assert open_log(lake, "ops.drift").version() == 0
