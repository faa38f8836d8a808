"""What is counted of small bronze and silver tables, without Spark; `integration/test_engines.py` compares Spark."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from batch.accounting import silver_figures, silver_questions
from batch.questions import ask
from tests.batch.builders import RECEIVED, emission, tweet
from tideline.reasons import SOURCE_REASONS, Reason
from tideline.rows import append_rows
from tideline.settings import Settings

BRONZE_ONLY = ("reasons", "rule_version")
MISSING, UNREADABLE = str(Reason.TIME_MISSING), str(Reason.TIME_UNREADABLE)


def no_session() -> SparkSession:
    pytest.fail("Spark was asked for")


def append_bronze(lake: Settings, source: str, *rows: dict[str, Any]) -> None:
    append_rows(lake, f"bronze.{source}", rows)


def append_silver(lake: Settings, source: str, *rows: dict[str, Any]) -> None:
    """What a row of bronze has beside silver's columns is left out."""
    append_rows(lake, f"silver.{source}", [{k: row[k] for k in row if k not in BRONZE_ONLY} for row in rows])


def figures(lake: Settings, source: str, *versions: int) -> dict[str, Any]:
    """The figures that are not 0."""
    found = silver_figures(source, ask(no_session, lake, silver_questions(source, *versions)))
    return {name: value for name, value in found.items() if value != 0}


def test_empty_tables_have_every_figure_and_each_is_zero(lake: Settings) -> None:
    append_bronze(lake, "tweets")
    append_silver(lake, "tweets")
    found = silver_figures("tweets", ask(no_session, lake, silver_questions("tweets", 0, 0, 0)))
    own = ("quarantined_share", "unknown_reasons", "bronze_valid_events", "silver_rows", "times_in_future")
    assert found == dict.fromkeys([*own, *map(str, SOURCE_REASONS["tweets"])], 0)


def test_silver_must_hold_every_distinct_valid_event_of_bronze(lake: Settings) -> None:
    rows = [tweet(0, event_id="a"), tweet(1, event_id="a"), tweet(2, event_id="b")]
    append_bronze(lake, "tweets", *rows, tweet(3, reasons=[MISSING, "it rains", MISSING]))
    append_silver(lake, "tweets", *rows[1:])
    assert figures(lake, "tweets", 0, 0, 0) == {
        "quarantined_share": Decimal("0.25"),
        MISSING: Decimal("0.25"),
        "unknown_reasons": 1,
        "bronze_valid_events": 2,
        "silver_rows": 2,
    }


def test_a_share_is_rounded_to_six_places_and_no_verdict_is_neither_valid_nor_rejected(lake: Settings) -> None:
    append_bronze(lake, "tweets", tweet(0, reasons=[UNREADABLE]), tweet(1, reasons=None), tweet(2, reasons=[None]))
    append_silver(lake, "tweets")
    assert figures(lake, "tweets", 0, 0, 0) == {
        "quarantined_share": Decimal("0.666667"),
        UNREADABLE: Decimal("0.333333"),
        "unknown_reasons": 1,
    }


def test_events_are_those_of_the_bronze_that_silver_was_made_from_and_shares_those_of_the_newest(
    lake: Settings,
) -> None:
    append_bronze(lake, "tweets", tweet(0), tweet(1))
    append_bronze(lake, "tweets", tweet(2), tweet(3, reasons=[MISSING]))
    append_silver(lake, "tweets", tweet(0), tweet(1))
    expected = {"bronze_valid_events": 2, "silver_rows": 2, "quarantined_share": Decimal("0.25")}
    assert figures(lake, "tweets", 1, 0, 0) == expected | {MISSING: Decimal("0.25")}


@pytest.mark.parametrize(
    ("total", "seconds", "expected"),
    [
        ("6.0", 300, {}),
        ("6.1", 300, {}),
        ("6.100499", 300, {}),
        ("5.8995", 300, {"sum_mismatches": 1}),
        ("6.1005", 301, {"sum_mismatches": 1, "times_in_future": 1}),
    ],
)
def test_rows_that_break_a_rule_of_several_columns_are_counted(
    lake: Settings, total: str, seconds: int, expected: dict[str, int]
) -> None:
    found = {}
    late = tweet(0, event_time=RECEIVED + timedelta(seconds=seconds))
    for source, broken in (("emissions", emission(0, "6.0") | {"totalEmissions": Decimal(total)}), ("tweets", late)):
        append_bronze(lake, source)
        append_silver(lake, source, broken)
        found |= figures(lake, source, 0, 0, 0)
    assert found == {"silver_rows": 1} | expected
