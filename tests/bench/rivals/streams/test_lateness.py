import pandas as pd
import pytest

from bench.rivals.streams.freshness import lateness

BEGIN = pd.Timestamp("2026-03-01T12:00:00Z")


def rows(*late: float) -> pd.DataFrame:
    """A record each second, seen so many seconds later."""
    times = [BEGIN + pd.Timedelta(seconds=second) for second in range(len(late))]
    seen = [time + pd.Timedelta(seconds=after) for time, after in zip(times, late, strict=True)]
    return pd.DataFrame({"kafka_timestamp": times, "committed": seen})


def test_quantiles_are_of_the_seconds_until_a_record_was_seen() -> None:
    found = lateness(rows(1.0, 2.0, 3.0, 4.0, 5.0))
    assert (found["p50"], found["max"]) == (3.0, 5.0)
    assert found["p99"] == pytest.approx(4.96)


def test_who_falls_behind_by_a_tenth_of_a_second_each_second_has_that_slope() -> None:
    assert lateness(rows(1.0, 1.1, 1.2, 1.3))["slope"] == pytest.approx(0.1)
    assert lateness(rows(2.0, 2.0, 2.0))["slope"] == pytest.approx(0.0)


def test_the_series_has_a_point_for_each_second() -> None:
    assert list(lateness(rows(1.0, 2.0))["series"].values()) == [[[0, 1.0], [1, 2.0]]]
