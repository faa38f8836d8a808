from datetime import timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from batch.accounting import collect_figures, silver_figures
from tests.batch.builders import RECEIVED, emission, frame, tweet
from tideline.reasons import SOURCE_REASONS, Reason

pytestmark = pytest.mark.integration


def test_silver_must_hold_every_distinct_valid_event_of_bronze(spark: SparkSession) -> None:
    missing, odd = str(Reason.TIME_MISSING), "it rains"
    bronze = [
        tweet(0, event_id="a"),
        tweet(1, event_id="a"),
        tweet(2, event_id="b"),
        tweet(3, reasons=[missing, odd]),
    ]
    silver = frame(spark, "silver.tweets", bronze[1:3])
    figures = collect_figures(silver_figures("tweets", frame(spark, "bronze.tweets", bronze), silver))
    assert {name: value for name, value in figures.items() if value != 0} == {
        "quarantined_share": Decimal("0.25"),
        missing: Decimal("0.25"),
        "unknown_reasons": 1,
        "bronze_valid_events": 2,
        "silver_rows": 2,
    }
    assert set(map(str, SOURCE_REASONS["tweets"])) < set(figures)


@pytest.mark.parametrize(
    ("total", "seconds", "expected"),
    [("6.0", 300, {}), ("6.1", 300, {}), ("6.2", 301, {"sum_mismatches": 1, "times_in_future": 1})],
)
def test_rows_that_break_a_rule_of_several_columns_are_counted(
    spark: SparkSession, total: str, seconds: int, expected: dict[str, int]
) -> None:
    row = emission(0, "6.0") | {"totalEmissions": Decimal(total)}
    late = tweet(0, event_time=RECEIVED + timedelta(seconds=seconds))
    figures = {}
    for source, broken in (("emissions", row), ("tweets", late)):
        silver = frame(spark, f"silver.{source}", [broken])
        figures |= collect_figures(silver_figures(source, frame(spark, f"bronze.{source}", []), silver))
    assert {name: figures[name] for name in ("sum_mismatches", "times_in_future") if figures[name]} == expected
