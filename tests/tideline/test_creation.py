import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Schema, write_deltalake

from tideline.creation import column_types, create_tables, declared_schema, set_property
from tideline.errors import TableError
from tideline.lake import open_log, query, table_path
from tideline.rows import append_rows, arrow_schema
from tideline.schemas import TABLES
from tideline.settings import Settings

NAME = "gold.top_10_domains"


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return replace(Settings(), home=tmp_path, warehouse=str(tmp_path))


def test_every_table_gets_its_declared_columns_comments_and_properties(lake: Settings) -> None:
    create_tables(lake, *TABLES)
    for table in TABLES.values():
        log = open_log(lake, table.name)
        assert column_types(log.schema()) == {c.name: re.sub(r"([:,]) ", r"\1", c.type) for c in table.columns}
        assert [f.metadata for f in log.schema().fields] == [{"comment": c.comment} for c in table.columns]
        assert log.metadata().configuration == table.configuration


def test_of_decimals_there_are_no_statistics_which_would_hide_large_ones_also_in_a_table_of_before(
    lake: Settings,
) -> None:
    write_deltalake(table_path(lake, NAME), arrow_schema(TABLES[NAME]).empty_table())
    create_tables(lake, NAME)
    append_rows(lake, NAME, [{"domain": "a.org", "total_emissions": Decimal("123456789012.123457")}])
    wanted = "select domain from t where total_emissions = cast('123456789012.123457' as decimal(28, 6))"
    assert query(open_log(lake, NAME), wanted) == [{"domain": "a.org"}]
    create_tables(lake, NAME)
    assert open_log(lake, NAME).version() == 2


def test_a_table_that_is_there_stays_as_it_is(lake: Settings) -> None:
    create_tables(lake, NAME)
    before = open_log(lake, NAME).metadata().id
    create_tables(lake, NAME)
    assert (open_log(lake, NAME).version(), open_log(lake, NAME).metadata().id) == (0, before)


def test_of_many_who_create_a_table_at_once_each_finds_it(lake: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: create_tables(lake, NAME), range(16)))
    assert open_log(lake, NAME).version() == 0


def test_a_folder_whose_creator_was_killed_before_the_first_commit_becomes_a_table(lake: Settings) -> None:
    Path(table_path(lake, NAME), "_delta_log").mkdir(parents=True)
    create_tables(lake, NAME)
    assert open_log(lake, NAME).version() == 0


def test_a_table_with_other_columns_is_refused_and_all_differences_are_named(lake: Settings) -> None:
    path = table_path(lake, NAME)
    write_deltalake(path, pa.table({"domain": [1], "more": [b"x"]}))
    with pytest.raises(TableError) as refused:
        create_tables(lake, NAME)
    assert str(refused.value) == (
        f"{NAME} at {path} has other columns than declared (domain: declared string, found bigint; "
        "total_emissions: declared decimal(28,6), found nothing; more: declared nothing, found binary); "
        "move the folder away, or run the version of Tideline that wrote it"
    )
    assert DeltaTable(path).version() == 0


def test_the_declared_schema_is_one_that_delta_reads_back() -> None:
    for table in TABLES.values():
        declared = declared_schema(table)
        assert Schema.from_json(declared.to_json()) == declared


def test_a_property_is_noted_beside_the_others(lake: Settings) -> None:
    create_tables(lake, "bronze.tweets")
    set_property(lake, "bronze.tweets", "tideline.topicId", "a-b")
    found = open_log(lake, "bronze.tweets").metadata().configuration
    assert (found["tideline.topicId"], found["delta.appendOnly"]) == ("a-b", "true")
