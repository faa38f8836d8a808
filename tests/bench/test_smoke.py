import json

import pytest

from bench.smoke import STORED, compare


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (2.0, "as stored"),
        (3.1, "as stored"),
        (3.3, "WARNING: 1.6 times the stored ratio"),
        (1.0, "better, 2.0 times; store it: python -m bench.smoke --store"),
    ],
)
def test_a_ratio_is_warned_of_only_beyond_the_margin(measured: float, said: str) -> None:
    assert [verdict.said for verdict in compare({"gold": measured}, {"gold": 2.0})] == [said]


def test_a_ratio_that_is_not_measured_is_warned_of() -> None:
    assert [verdict.said for verdict in compare({}, {"gold": 2.0})] == ["WARNING: not measured"]


def test_a_ratio_that_is_not_stored_is_warned_of() -> None:
    found = [verdict.said for verdict in compare({"gold": 2.0}, {})]
    assert found == ["WARNING: no ratio is stored, python -m bench.smoke --store"]


def test_stored_ratios_are_positive_numbers() -> None:
    stored = json.loads(STORED.read_text())
    assert stored
    assert all(ratio > 0 for ratio in stored.values())
