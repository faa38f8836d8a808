"""Emissions: any record in, a bronze row out, with every reason that applies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from streaming.emissions import emissions_to_bronze
from tests.streaming.builders import as_json, emission, kafka_frame, kafka_records
from tests.streaming.drawn import drawn
from tests.streaming.test_tweets import HEADERS, JSON_VALUES
from tideline.reasons import Reason
from tideline.records import EMISSION_COLUMNS
from tideline.schemas import TABLES

NUMBERS_INVALID = [
    Reason.AD_SELECTION_INVALID,
    Reason.CREATIVE_DISTRIBUTION_INVALID,
    Reason.MEDIA_DISTRIBUTION_INVALID,
    Reason.TOTAL_INVALID,
]

CASES: dict[str, tuple[bytes | None, list[Reason]]] = {
    "a row": (emission(), []),
    "missing format and device are odd, not wrong": (emission(format="", device=None), []),
    "negative values are odd, not wrong": (emission(adSelectionEmissions="-1.5", totalEmissions="3.75"), []),
    "no value": (None, [Reason.NO_VALUE]),
    "no date": (emission(date=""), [Reason.DATE_MISSING]),
    "an ISO date": (emission(date="2024-03-31"), [Reason.DATE_UNREADABLE]),
    "day first": (emission(date="31/03/2024"), [Reason.DATE_UNREADABLE]),
    "no such day": (emission(date="02/30/2024"), [Reason.DATE_UNREADABLE]),
    "no domain": (emission(domain=" "), [Reason.DOMAIN_MISSING]),
    "no country": (emission(country=None), [Reason.COUNTRY_MISSING]),
    "text for a number": (emission(totalEmissions="n/a"), [Reason.TOTAL_INVALID]),
    "not a number": (emission(adSelectionEmissions="NaN"), [Reason.AD_SELECTION_INVALID]),
    "infinity": (emission(mediaDistributionEmissions="Infinity"), [Reason.MEDIA_DISTRIBUTION_INVALID]),
    "a missing number": (emission(creativeDistributionEmissions=""), [Reason.CREATIVE_DISTRIBUTION_INVALID]),
    "off by exactly 0.1": (emission(totalEmissions="6.85"), []),
    "off by what rounds to 0.1": (emission(totalEmissions="6.8504"), []),
    "off by what rounds to more": (emission(totalEmissions="6.8505"), [Reason.SUM_MISMATCH]),
    "off below": (emission(totalEmissions="6.6"), [Reason.SUM_MISMATCH]),
    "nothing": (
        b"{}",
        [Reason.DATE_MISSING, Reason.DOMAIN_MISSING, Reason.COUNTRY_MISSING, *NUMBERS_INVALID],
    ),
    "all at once": (
        emission(date="x", domain="", totalEmissions="1"),
        [Reason.DATE_UNREADABLE, Reason.DOMAIN_MISSING, Reason.SUM_MISMATCH],
    ),
}


@pytest.fixture(scope="module")
def judged(spark: SparkSession) -> list[Row]:
    frame = kafka_frame(spark, [value for value, _ in CASES.values()], topic="emissions")
    return emissions_to_bronze(frame).orderBy("offset").collect()


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_a_record_is_rejected_for_every_reason_that_applies(judged: list[Row], number: int) -> None:
    assert judged[number].reasons == [str(reason) for reason in list(CASES.values())[number][1]]


def test_a_row_is_typed_and_takes_its_identity_from_the_header(spark: SparkSession) -> None:
    headers = [{"key": "event_id", "value": b"run-1:17"}]
    frame = emissions_to_bronze(kafka_frame(spark, [emission(device="")], topic="emissions", headers=headers))
    row = frame.collect()[0]
    assert frame.columns == TABLES["bronze.emissions"].column_names
    assert row.event_id == "run-1:17"
    assert (row.date, row.domain, row.device) == (date(2024, 3, 31), "example.org", None)
    assert row.totalEmissions == Decimal("6.750000")


def test_a_record_without_identity_or_with_a_broken_one_is_known_by_where_it_lies(
    spark: SparkSession,
) -> None:
    broken = [{"key": "event_id", "value": b"\xff"}]
    records = [(emission(), headers) for headers in (None, [], broken, [{"key": "event_id", "value": None}])]
    rows = emissions_to_bronze(kafka_records(spark, records, topic="emissions")).orderBy("offset").collect()
    assert [(row.event_id, row.reasons) for row in rows] == [(f"emissions-0-{offset}", []) for offset in range(4)]


FIELDS = st.dictionaries(st.sampled_from([*EMISSION_COLUMNS, "other"]), JSON_VALUES)
VALUES = st.none() | st.binary() | st.text().map(str.encode) | FIELDS.map(as_json)


def test_any_bytes_become_one_bronze_row(spark: SparkSession) -> None:
    records = drawn(st.tuples(VALUES, st.none() | HEADERS))
    rows = emissions_to_bronze(kafka_records(spark, records)).orderBy("offset").collect()
    assert [None if row.value is None else bytes(row.value) for row in rows] == [value for value, _ in records]
    assert all(row.event_id and row.reasons is not None for row in rows)
