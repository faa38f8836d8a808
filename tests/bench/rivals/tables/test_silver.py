from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from bench.rivals.tables.silver import emissions, tweets, write_silver
from tideline.rows import arrow_schema
from tideline.schemas import TABLES
from tideline.settings import Settings


@pytest.mark.parametrize(("name", "make"), [("silver.emissions", emissions), ("silver.tweets", tweets)])
def test_the_columns_are_the_declared_ones(name: str, make: type) -> None:
    made = make(0, 100, np.random.default_rng(1))
    assert {field.name: field.type for field in made.schema} == {f.name: f.type for f in arrow_schema(TABLES[name])}


def test_a_total_is_the_sum_of_its_components() -> None:
    rows = emissions(0, 1000, np.random.default_rng(1)).to_pylist()
    parts = ("adSelectionEmissions", "creativeDistributionEmissions", "mediaDistributionEmissions")
    assert all(sum(row[part] for part in parts) == row["totalEmissions"] for row in rows)


def test_some_rows_have_what_marts_stumble_over() -> None:
    table = emissions(0, 20_000, np.random.default_rng(1))
    assert all(table[name].null_count for name in ("format", "device", "domainCoverage"))
    assert pa.compute.min(table["totalEmissions"]).as_py() == 0


def test_the_same_seed_gives_the_same_rows_half_of_them_of_each_source(tmp_path: Path) -> None:
    lakes = [Settings(home=tmp_path / name) for name in "ab"]
    for lake in lakes:
        write_silver(lake, 2_000)
    one, other = (
        [DeltaTable(f"{lake.warehouse}/silver/{s}").to_pyarrow_table() for s in ("tweets", "emissions")]
        for lake in lakes
    )
    assert one == other
    assert [len(table) for table in one] == [1000, 1000]
