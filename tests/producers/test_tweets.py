import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.lines import MAX_LINE, split_lines
from producers.records import Record
from producers.tweets import tweet_records
from tideline.errors import InputError

HEADER = b"tweet_id\tdate\ttime\n"


def records_of(content: bytes, source: str = "abc") -> list[Record]:
    return list(tweet_records(split_lines([content]), source, "full.tsv"))


def test_a_line_becomes_json_keyed_by_its_tweet_id() -> None:
    assert records_of(HEADER + b"937349434668498944\t2017-12-03\t15:54:54\n") == [
        (
            1,
            b"937349434668498944",
            b'{"tweet_id":"937349434668498944","date":"2017-12-03","time":"15:54:54"}',
            [("source", b"abc"), ("line", b"1"), ("event_id", b"937349434668498944")],
        )
    ]


def test_columns_are_found_by_name_and_unknown_ones_kept() -> None:
    [(_, key, value, _)] = records_of(b"lang\tmood \xe2\x98\xba %b\ttime\ttweet_id\tdate\nen\tgood\t1:2\t7\t\n")
    assert key == b"7"
    assert list(json.loads(value).items()) == [
        ("lang", "en"),
        ("mood ☺ %b", "good"),
        ("time", "1:2"),
        ("tweet_id", "7"),
        ("date", ""),
    ]


@pytest.mark.parametrize("last", ["country_code", "country_place"])
def test_both_published_headers_are_read(last: str) -> None:
    [(_, _, value, _)] = records_of(f"tweet_id\tdate\ttime\tlang\t{last}\n1\t2\t3\ten\tUS\n".encode())
    assert json.loads(value) == {"tweet_id": "1", "date": "2", "time": "3", "lang": "en", last: "US"}


def test_a_byte_order_mark_and_carriage_returns_are_not_data() -> None:
    [(_, key, value, _)] = records_of(b"\xef\xbb\xbftweet_id\tdate\ttime\r\n1\t2\t3\r\n")
    assert key == b"1"
    assert json.loads(value) == {"tweet_id": "1", "date": "2", "time": "3"}


@pytest.mark.parametrize("line", [b"", b"1\t2", b"1\t2\t3\t4", b"1\t\xff\t3", b"\x00"])
def test_a_malformed_line_is_sent_as_it_is(line: bytes) -> None:
    assert records_of(HEADER + b"1\t2\t3\n" + line + b"\n4\t5\t6\n")[1] == (
        2,
        b"abc:2",
        line,
        [("source", b"abc"), ("line", b"2"), ("event_id", b"abc:2"), ("raw", b"1")],
    )


def test_a_line_too_long_for_kafka_is_cut_and_says_so() -> None:
    long = b"1\t2\t" + b"x" * (MAX_LINE + 100)
    [(_, key, value, headers), (line, after, _, _)] = records_of(HEADER + long + b"\n4\t5\t6\n")
    assert (key, value) == (b"abc:1", long[:MAX_LINE])
    assert headers[3:] == [("raw", b"1"), ("truncated", str(len(long)).encode())]
    assert (line, after) == (2, b"4")


def test_a_line_whose_json_would_not_fit_is_sent_raw_and_whole() -> None:
    quotes = b"1\t2\t" + b'"' * (MAX_LINE // 2 + 1)
    [(_, key, value, headers)] = records_of(HEADER + quotes)
    assert (key, value, headers[3:]) == (b"abc:1", quotes, [("raw", b"1")])


field = st.text(st.characters(exclude_characters="\t\n", exclude_categories=["Cs"]))


@given(st.lists(field, min_size=3, max_size=3))
def test_any_text_survives_as_json(values: list[str]) -> None:
    [(_, key, value, headers)] = records_of(HEADER + "\t".join(values).encode() + b"\n")
    if values[2].endswith("\r"):
        values[2] = values[2][:-1]
    assert json.loads(value) == dict(zip(("tweet_id", "date", "time"), values, strict=True))
    assert key == dict(headers)["event_id"] == values[0].encode()


@given(st.binary(max_size=200) | st.text(st.sampled_from('1\t\n\r"\\é'), max_size=40).map(str.encode))
def test_any_bytes_become_one_record_per_line(content: bytes) -> None:
    records = records_of(HEADER + content)
    lines = list(split_lines([content]))
    assert [line for line, *_ in records] == list(range(1, len(lines) + 1))
    for (line, length), (_, _, value, headers) in zip(lines, records, strict=True):
        assert length == len(line)
        if "raw" in dict(headers):
            assert value == line
        else:
            assert "\t".join(json.loads(value).values()).encode() == line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "full.tsv is empty; its first line must name the columns tweet_id, date, time"),
        (
            b"tweet_id\tday\n1\t2\n",
            "the first line of full.tsv has no column date, time: it reads 'tweet_id', 'day'; "
            "the columns tweet_id, date, time are needed, in any order",
        ),
        (
            b"tweet_id\tdate\ttime\tdate\n",
            "the first line of full.tsv names date more than once; name each column once",
        ),
        (
            b"\xff\xfet\x00w\x00\n",
            "the first line of full.tsv is not UTF-8: it starts with b'\\xff\\xfet\\x00w\\x00'; "
            "it must name the columns",
        ),
    ],
)
def test_a_file_without_the_header_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        records_of(content)
    assert str(caught.value) == message
