from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from bench.rivals.tables.checksum import digest

ROW = {"n": 1, "d": Decimal("1.500000"), "t": datetime(2024, 3, 1, tzinfo=UTC), "s": "a", "x": 0.25, "b": True}


def of(*rows: dict[str, object]) -> str:
    return digest(pa.Table.from_pylist(list(rows)).to_batches()).checksum


def test_the_order_of_rows_and_batches_does_not_matter() -> None:
    other = ROW | {"n": 2}
    one, two = (pa.Table.from_pylist([row]).to_batches()[0] for row in (ROW, other))
    assert of(ROW, other) == of(other, ROW) == digest([two, one]).checksum


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2},
        {"d": Decimal("1.500001")},
        {"t": datetime(2024, 3, 2, tzinfo=UTC)},
        {"s": "b"},
        {"x": 0.5},
        {"b": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_value_changes_it(change: dict[str, object]) -> None:
    assert of(ROW) != of(ROW | change)


def test_a_row_that_is_there_twice_counts_twice() -> None:
    assert of(ROW) != of(ROW, ROW)


@pytest.mark.parametrize("name", ROW)
def test_null_is_none_of_the_values_that_stand_for_it_in_memory(name: str) -> None:
    nothing = {"n": 0, "d": Decimal("0.000000"), "t": datetime.fromtimestamp(0, UTC), "s": "", "x": 0.0, "b": False}
    types = pa.Table.from_pylist([ROW]).schema
    null, zero = (pa.Table.from_pylist([ROW | {name: value}], types).to_batches() for value in (None, nothing[name]))
    assert digest(null) != digest(zero)


def test_values_in_each_others_columns_are_other_rows() -> None:
    assert of({"a": 1, "b": 2}) != of({"a": 2, "b": 1})


def test_decimals_count_by_value_whatever_their_precision() -> None:
    narrow, wide = (pa.array([Decimal("-1.50")], pa.decimal128(precision, 2)) for precision in (9, 38))
    assert digest([pa.record_batch({"d": narrow})]) == digest([pa.record_batch({"d": wide})])


def test_a_slice_of_decimals_is_its_own_rows_only() -> None:
    decimals = pa.record_batch({"d": pa.array([Decimal("1.5"), Decimal("2.5"), Decimal("3.5")], pa.decimal128(38, 1))})
    assert digest([decimals.slice(0, 1), decimals.slice(1)]) == digest([decimals])


def test_doubles_whose_last_bits_differ_are_equal() -> None:
    assert of({"x": 0.1 + 0.2}) == of({"x": 0.3})
