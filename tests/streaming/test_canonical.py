"""Canonical JSON: what is cut apart is what ``from_json`` reads, for any bytes there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import strategies as st
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from streaming.canonical import Layout
from streaming.emissions import EMISSION_LAYOUTS, emissions_to_bronze
from streaming.records import text, with_fields
from streaming.tweets import FIELDS, TWEET_LAYOUTS, tweets_to_bronze
from tests.streaming.builders import kafka_frame, kafka_records
from tests.streaming.drawn import drawn
from tideline.reasons import Reason
from tideline.records import EMISSION_COLUMNS

TWEET = b'{"tweet_id":"937349434668498944","date":"2017-12-03","time":"15:54:54"}'
LONG = b'{"tweet_id":"9","date":"2017-12-03","time":"15:54:54","lang":"en","country_code":"US"}'

CUT = {
    "a tweet": TWEET,
    "with language and country": LONG,
    "with the other name of the country": LONG.replace(b"country_code", b"country_place"),
    "empty strings": b'{"tweet_id":"","date":"","time":""}',
    "blanks and signs within strings": b'{"tweet_id":" ~!#[]^{}:,","date":"\'","time":"/"}',
    "the word null": b'{"tweet_id":"null","date":"NaN","time":"1e5"}',
}
PARSED = {
    "no value": None,
    "no text": b"",
    "an empty object": b"{}",
    "a blank before": b" " + TWEET,
    "a blank between": TWEET.replace(b",", b", "),
    "a line break at the end": TWEET + b"\n",
    "text at the end": TWEET + b"x",
    "a second object": TWEET + TWEET,
    "a closing brace too many": TWEET + b"}",
    "cut off": TWEET[:-1],
    "a byte order mark": b"\xef\xbb\xbf" + TWEET,
    "another order": b'{"date":"2017-12-03","tweet_id":"9","time":"15:54:54"}',
    "a name twice": b'{"tweet_id":"1","tweet_id":"2","date":"2017-12-03","time":"15:54:54"}',
    "a further name": TWEET[:-1] + b',"mood":"fine"}',
    "a name in capitals": TWEET.replace(b"date", b"Date"),
    "half of the further names": TWEET[:-1] + b',"lang":"en"}',
    "null": TWEET.replace(b'"15:54:54"', b"null"),
    "a number": TWEET.replace(b'"937349434668498944"', b"937349434668498944"),
    "a number with an exponent": TWEET.replace(b'"937349434668498944"', b"1e5"),
    "minus zero": TWEET.replace(b'"937349434668498944"', b"-0"),
    "a leading zero": TWEET.replace(b'"937349434668498944"', b"007"),
    "a huge number": TWEET.replace(b'"937349434668498944"', b"9" * 400),
    "an object within": TWEET.replace(b'"15:54:54"', b'{"a":"b"}'),
    "an escape": TWEET.replace(b"-12-", rb"\u002d12-"),
    "an escaped quote": TWEET.replace(b"-12-", rb"\"12-"),
    "a wrong escape": TWEET.replace(b"-12-", rb"\-12-"),
    "a backslash at a string's end": TWEET.replace(b"03", rb"03\\"),
    "a line break within": TWEET.replace(b"-12-", b"-\n2-"),
    "a tab within": TWEET.replace(b"-12-", b"-\t2-"),
    "a zero byte within": TWEET.replace(b"-12-", b"-\x002-"),
    "a delete within": TWEET.replace(b"-12-", b"-\x7f2-"),
    "a letter beyond ASCII": TWEET.replace(b"-12-", "-é2-".encode()),
    "a sign beyond 16 bits": TWEET.replace(b"-12-", "-\U0001f600-".encode()),
    "a byte that is not UTF-8": TWEET.replace(b"-12-", b"-\xff2-"),
    "half a surrogate": TWEET.replace(b"-12-", b"-\xed\xa0\x802-"),
    "single quotes": TWEET.replace(b'"', b"'"),
}


def read_twice(
    spark: SparkSession, values: Sequence[bytes | None], columns: Sequence[str], layouts: Sequence[Layout]
) -> list[Row]:
    """Per value ``fields`` as bronze has them, ``expected`` as ``from_json`` has them, ``is_canonical``."""
    parsed = with_fields(kafka_frame(spark, values), columns, layouts)
    expected = F.from_json(text(), ", ".join(f"`{name}` string" for name in columns))
    rows = parsed.select("offset", "fields", expected.alias("expected"), "is_canonical")
    return rows.orderBy("offset").collect()


def test_canonical_text_is_cut_and_all_else_is_parsed(spark: SparkSession) -> None:
    rows = read_twice(spark, [*CUT.values(), *PARSED.values()], FIELDS, TWEET_LAYOUTS)
    assert [name for name, row in zip([*CUT, *PARSED], rows, strict=True) if row.is_canonical] == list(CUT)
    assert [row.fields for row in rows] == [row.expected for row in rows]


def test_a_raw_line_is_rejected_even_if_its_bytes_are_canonical_text(spark: SparkSession) -> None:
    [row] = tweets_to_bronze(kafka_frame(spark, [TWEET], headers=[{"key": "raw", "value": b"1"}])).collect()
    assert row.reasons == [Reason.WRONG_COLUMNS.value]


SCALARS = st.text(st.characters(codec="ascii", exclude_characters='"\\', exclude_categories=["Cc"]), max_size=20)
DATES = st.sampled_from(["2020-03-02", "03/31/2024", "2020-02-30"])
TIMES = st.sampled_from(["12:34:56", "25:61:00", "2:3:4"])
NUMBERS = st.integers(-5, 2**63).map(str) | st.sampled_from(["1.5", "2.25", "6.75", "1e5", "NaN", "-0"])
STRINGS = (SCALARS | DATES | TIMES | NUMBERS).map(lambda value: f'"{value}"'.encode())
ODD = st.sampled_from(
    [
        *(b"null", b"true", b"1e5", b"-0", b"007", b"1" * 40, b"1.50", b"NaN", b"{}", b'{"a": 1.0}', b'[1,"2"]', b""),
        *(
            rb'"\n"',
            rb'"\u0041"',
            rb'"\ud800"',
            rb'"\x"',
            rb'"\\"',
            b'"\n"',
            b'"\x00"',
            b'"\x1f"',
            b"'x'",
            '"é"'.encode(),
            b'"\xff"',
            b'"\xed\xa0\x80"',
        ),
    ]
)
SPLICES = st.sampled_from(
    [
        *(b'"', b"\\", b"\\\\", b'\\"', b"\n", b"\r\n", b"\t", b"\x00", b"\x1f", b"\x7f", b" ", b"{", b"}", b"[", b":"),
        *(b",", b'","', b'":"', b'"}', b'{"', b"'", b"#", b"/**/", b"\xff", b"\xc3", b"\xa9", b"\xed\xa0\x80"),
        *("\ufeff".encode(), "é".encode(), "\u2028".encode(), "\U0001f600".encode(), b"\\u0000"),
        *(b'"lang":"xx",', b'"date":"1",', b"null"),
    ]
)


@st.composite
def nearly_canonical(draw: st.DrawFn, layouts: Sequence[Layout]) -> bytes:
    """Canonical text, in about half of the cases with odd values, names or bytes in it."""
    names = list(draw(st.sampled_from(layouts)))
    odd = draw(st.integers(0, 5))
    if odd == 1:
        names[draw(st.integers(0, len(names) - 1))] = draw(st.sampled_from([names[0], names[-1], "", "Date", "extra"]))
    values = [draw(STRINGS) for _ in names]
    if odd == 2:
        # One only: two would nearly always be left to the parser by one of them, and hide what the other does.
        values[draw(st.integers(0, len(values) - 1))] = draw(ODD)
    line = b"{" + b",".join(f'"{name}":'.encode() + value for name, value in zip(names, values, strict=True)) + b"}"
    for _ in range(draw(st.integers(1, 3)) if odd == 3 else 0):
        start = draw(st.integers(0, len(line)))
        line = line[:start] + draw(SPLICES) + line[start + draw(st.integers(0, 3)) :]
    return line


@pytest.mark.parametrize(
    ("columns", "layouts"), [(FIELDS, TWEET_LAYOUTS), (EMISSION_COLUMNS, EMISSION_LAYOUTS)], ids=["tweets", "emissions"]
)
def test_any_record_has_the_fields_that_from_json_finds(
    spark: SparkSession, columns: Sequence[str], layouts: Sequence[Layout]
) -> None:
    values = [*drawn(nearly_canonical(layouts), 800), *drawn(st.binary(), 100)]
    rows = read_twice(spark, values, columns, layouts)
    assert {row.is_canonical for row in rows} == {True, False}
    assert [value for value, row in zip(values, rows, strict=True) if row.fields != row.expected] == []


@pytest.mark.parametrize(
    ("transform", "layouts"),
    [(tweets_to_bronze, TWEET_LAYOUTS), (emissions_to_bronze, EMISSION_LAYOUTS)],
    ids=["tweets", "emissions"],
)
def test_a_blank_after_the_text_which_makes_it_uncanonical_changes_nothing_in_bronze(
    spark: SparkSession, transform: Callable[[DataFrame], DataFrame], layouts: Sequence[Layout]
) -> None:
    headers = st.sampled_from([None, [], [{"key": "raw", "value": b"1"}], [{"key": "line", "value": b"7"}]])
    records = drawn(st.tuples(nearly_canonical(layouts) | st.binary(), headers))
    without, with_blank = (
        transform(kafka_records(spark, [(value + blank, headers) for value, headers in records]))
        .drop("value")
        .orderBy("offset")
        .collect()
        for blank in (b"", b" ")
    )
    assert [record for record, *pair in zip(records, without, with_blank, strict=True) if pair[0] != pair[1]] == []
