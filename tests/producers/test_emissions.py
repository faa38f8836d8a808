import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.emissions import MAX_ROW_LINES, emission_records
from producers.lines import split_lines
from producers.records import Record
from tideline.errors import InputError
from tideline.records import EMISSION_COLUMNS

HEADER = ",".join(EMISSION_COLUMNS).encode() + b"\n"
ROW = b"03/01/2024,a.com,video,US,1x1,ctv,1.0,2.0,3.0,6.0,measured"


def records_of(content: bytes) -> list[Record]:
    return list(emission_records(split_lines([content]), "run", "rows.csv"))


def values_of(record: Record) -> list[str]:
    return list(json.loads(record[2]).values())


def test_a_row_becomes_json_named_by_its_place() -> None:
    assert records_of(HEADER + ROW + b"\n" + ROW)[1] == (
        2,
        b"run:2",
        json.dumps(dict(zip(EMISSION_COLUMNS, ROW.decode().split(","), strict=True)), separators=(",", ":")).encode(),
        [("source", b"run"), ("line", b"2"), ("event_id", b"run:2")],
    )


def test_columns_may_come_in_any_order_and_others_are_kept() -> None:
    columns = [*reversed(EMISSION_COLUMNS), "campaign"]
    [record] = records_of(",".join(columns).encode() + b"\n" + b",".join([b"x"] * 12))
    assert list(json.loads(record[2])) == columns


def test_quotes_protect_commas_quotes_and_line_breaks() -> None:
    quoted = ROW.replace(b"a.com", b'"a,""b""\nc"')
    first, second = records_of(HEADER + quoted + b"\n" + ROW)
    assert (first[0], values_of(first)[1]) == (1, 'a,"b"\nc')
    assert (second[0], second[1]) == (3, b"run:3")


@pytest.mark.parametrize("row", [b"", b"1,2", ROW + b",more", ROW.replace(b"US", b"\xff"), ROW.replace(b"US", b'"U"S')])
def test_a_malformed_row_is_sent_as_it_is(row: bytes) -> None:
    _, malformed, _ = records_of(HEADER + ROW + b"\n" + row + b"\n" + ROW)
    assert malformed == (
        2,
        b"run:2",
        row,
        [("source", b"run"), ("line", b"2"), ("event_id", b"run:2"), ("raw", b"1")],
    )


def test_a_stray_quote_costs_its_own_line_only() -> None:
    stray = ROW.replace(b"a.com", b'"a.com')
    records = records_of(HEADER + stray + b"\n" + (ROW + b"\n") * (MAX_ROW_LINES + 5))
    assert [("raw" in dict(headers)) for _, _, _, headers in records] == [True] + [False] * (MAX_ROW_LINES + 5)
    assert [line for line, *_ in records] == list(range(1, MAX_ROW_LINES + 7))


def test_two_stray_quotes_do_not_swallow_the_rows_between() -> None:
    stray = ROW.replace(b"a.com", b'"a.com')
    records = records_of(HEADER + b"\n".join([stray, ROW, ROW, stray, ROW]))
    assert [line for line, *_ in records] == [1, 2, 3, 4, 5]
    assert [line for line, _, _, headers in records if len(headers) > 3] == [1, 4]


@given(st.binary(max_size=200) | st.text(st.sampled_from('a,"\n\r'), max_size=60).map(str.encode))
def test_any_bytes_become_records_that_hold_every_line(content: bytes) -> None:
    lines = list(split_lines([content]))
    records = records_of(HEADER + content)
    starts = [line for line, *_ in records]
    assert starts == sorted(set(starts))
    assert starts[:1] == [1][: len(lines)]
    for (line, _, value, headers), following in zip(records, [*starts[1:], len(lines) + 1], strict=False):
        if "raw" in dict(headers):
            assert value == b"\n".join(content for content, _ in lines[line - 1 : following - 1])
        else:
            assert len(json.loads(value)) == len(EMISSION_COLUMNS)


def test_a_file_without_the_columns_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        records_of(HEADER.replace(b"device,", b""))
    assert str(caught.value).startswith("the first line of rows.csv has no column device: it reads 'date', 'domain', ")
