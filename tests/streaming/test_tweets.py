"""Tweets: any record in, a bronze row out, with every reason that applies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession

from streaming.tweets import tweets_to_bronze
from tests.streaming.builders import RECEIVED, as_json, kafka_frame, kafka_records, tweet
from tests.streaming.drawn import drawn
from tideline.reasons import RULE_VERSION, Reason
from tideline.schemas import TABLES

RAW = [{"key": "raw", "value": b"1"}]

CASES: dict[str, tuple[bytes | None, list[Reason]]] = {
    "a tweet": (tweet(), []),
    "a tweet with language and country": (tweet(lang="en", country_code="US"), []),
    "unknown fields are no fault": (tweet(mood="fine"), []),
    "no value": (None, [Reason.NO_VALUE]),
    "not UTF-8": (b'{"tweet_id": "\xff"}', [Reason.NOT_UTF8]),
    "no JSON": (b"937349434668498944\t2017-12-03", [Reason.NOT_JSON]),
    "cut off": (tweet()[:-5], [Reason.NOT_JSON]),
    "an empty value": (b"", [Reason.NOT_JSON]),
    "a JSON text": (b'"tweet"', [Reason.NOT_JSON]),
    "an empty object": (b"{}", [Reason.ID_INVALID, Reason.TIME_MISSING]),
    "no id": (tweet(tweet_id=None), [Reason.ID_INVALID]),
    "id is text": (tweet(tweet_id="abc"), [Reason.ID_INVALID]),
    "id is 0": (tweet(tweet_id="0"), [Reason.ID_INVALID]),
    "id is negative": (tweet(tweet_id="-5"), [Reason.ID_INVALID]),
    "id is a fraction": (tweet(tweet_id="1.5"), [Reason.ID_INVALID]),
    "the largest id": (tweet(tweet_id=str(2**63 - 1)), []),
    "an id too large": (tweet(tweet_id=str(2**63)), [Reason.ID_INVALID]),
    "empty date and time": (tweet(date="", time=""), [Reason.TIME_MISSING]),
    "no time": (tweet(time=None), [Reason.TIME_MISSING]),
    "blank date": (tweet(date="  "), [Reason.TIME_MISSING]),
    "no such day": (tweet(date="2017-02-30"), [Reason.TIME_UNREADABLE]),
    "no such hour": (tweet(time="25:00:00"), [Reason.TIME_UNREADABLE]),
    "half a time": (tweet(time="15:54"), [Reason.TIME_UNREADABLE]),
    "another order": (tweet(date="03-12-2017"), [Reason.TIME_UNREADABLE]),
    "five minutes ahead of Kafka": (tweet(date="2026-01-01", time="12:05:00"), []),
    "later than that": (tweet(date="2026-01-01", time="12:05:01"), [Reason.TIME_IN_FUTURE]),
    "two faults": (tweet(tweet_id="x", date=None), [Reason.ID_INVALID, Reason.TIME_MISSING]),
}


@pytest.fixture(scope="module")
def judged(spark: SparkSession) -> list[Row]:
    return tweets_to_bronze(kafka_frame(spark, [value for value, _ in CASES.values()])).orderBy("offset").collect()


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_a_record_is_rejected_for_every_reason_that_applies(judged: list[Row], number: int) -> None:
    assert judged[number].reasons == [str(reason) for reason in list(CASES.values())[number][1]]


def test_bronze_has_the_declared_columns_and_keeps_the_record_byte_for_byte(spark: SparkSession) -> None:
    headers = [{"key": "source", "value": b"\x00\xff"}, {"key": "line", "value": b"7"}]
    frame = tweets_to_bronze(kafka_frame(spark, [b"\xfe\x00"], headers=headers))
    row = frame.collect()[0]
    assert frame.columns == TABLES["bronze.tweets"].column_names
    assert (bytes(row.key), bytes(row.value)) == (b"key", b"\xfe\x00")
    assert [(h.key, bytes(h.value)) for h in row.headers] == [("source", b"\x00\xff"), ("line", b"7")]
    assert (row.event_id, row.rule_version) == ("tweets-0-0", RULE_VERSION)


def test_a_tweet_is_typed(spark: SparkSession) -> None:
    row = tweets_to_bronze(kafka_frame(spark, [tweet(lang=" en ", country_place="FR")])).collect()[0]
    assert (row.tweet_id, row.event_id) == (937349434668498944, "937349434668498944")
    assert row.event_time.replace(tzinfo=UTC) == datetime(2017, 12, 3, 15, 54, 54, tzinfo=UTC)
    assert row.kafka_timestamp.replace(tzinfo=UTC) == RECEIVED
    assert (row.lang, row.country_code) == ("en", "FR")


def test_a_line_that_the_producer_could_not_split_is_rejected_even_if_it_looks_like_a_tweet(
    spark: SparkSession,
) -> None:
    rows = tweets_to_bronze(kafka_frame(spark, [b"1\t2", tweet(), b"\xff"], headers=RAW)).orderBy("offset").collect()
    assert [row.reasons for row in rows] == [
        [Reason.WRONG_COLUMNS],
        [Reason.WRONG_COLUMNS],
        [Reason.NOT_UTF8],
    ]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELD = st.sampled_from(["tweet_id", "date", "time", "lang", "country_code", "other"])
VALUES = st.none() | st.binary() | st.text().map(str.encode) | st.dictionaries(FIELD, JSON_VALUES).map(as_json)
HEADERS = st.lists(st.fixed_dictionaries({"key": st.text(max_size=5), "value": st.none() | st.binary()}), max_size=4)


def test_any_bytes_become_one_bronze_row(spark: SparkSession) -> None:
    records = drawn(st.tuples(VALUES, st.none() | HEADERS))
    rows = tweets_to_bronze(kafka_records(spark, records)).orderBy("offset").collect()
    assert [None if row.value is None else bytes(row.value) for row in rows] == [value for value, _ in records]
    assert all(row.event_id and row.reasons is not None for row in rows)
    assert all(row.reasons or (row.tweet_id and row.event_time) for row in rows)
