"""However a source is cut, and whoever packs its blocks, the same batches' records come out."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record.memory_records import MemoryRecords

from producers.delivered import Delivered
from producers.emissions import EmissionRows
from producers.handover import filled_records
from producers.lines import Block, blocks, split_lines
from producers.packer import Packed, Packer, Rows
from producers.partition import partition_of
from producers.signals import StopSignals
from producers.synthetic import SyntheticTweets
from producers.tweets import TweetRows
from producers.workers import Workers
from tideline.errors import WorkerError
from tideline.records import EMISSION_COLUMNS

Sent = tuple[int, bytes, bytes, list[tuple[str, bytes]]]
COLUMNS = ("tweet_id", "date", "time", "lang", "country_code")


def sent_in(packed: list[Packed]) -> list[list[Sent]]:
    """What each of two partitions gets, in order."""
    found: list[list[Sent]] = [[], []]
    for batch in (batch for part in packed for batch in part.batches):
        records = filled_records(batch, 0)
        records.close()
        lines = [
            (int(dict(r.headers)["line"]), r.key, r.value, r.headers) for r in next(MemoryRecords(records.buffer()))
        ]
        assert (batch.first_line, batch.count) == (lines[0][0], len(lines))
        found[batch.partition] += lines
    return found


def tweet_blocks(lines: int, most: int = 10_000) -> Iterator[Block]:
    source = blocks([b"".join(SyntheticTweets(lines, 3).chunks()).partition(b"\n")[2]])
    return (part for block in from_line_1(source) for part in block.parts(most))


def from_line_1(source: Iterator[Block]) -> Iterator[Block]:
    """As if a header had been taken off."""
    return (replace(block, first=block.first + 1) for block in source)


def tweet_packer() -> Packer:
    return Packer(TweetRows(COLUMNS, "abc"), [Delivered(), Delivered()])


def test_records_go_to_their_keys_partition_in_the_order_of_their_lines() -> None:
    packed = [tweet_packer().pack(block) for block in tweet_blocks(3_000)]
    parts = sent_in(packed)
    assert sum(part.sent for part in packed) == sum(map(len, parts)) == 3_000
    assert sum(part.malformed for part in packed) == 12
    for partition, records in enumerate(parts):
        assert [line for line, *_ in records] == sorted(line for line, *_ in records)
        assert {partition_of(key, 2) for _, key, _, _ in records} == {partition}


def test_lines_that_the_topic_holds_are_skipped_and_a_limit_counts_the_others() -> None:
    block = Block(1, b"".join(b"%d\t\t\t\t\n" % line for line in range(1, 101)))
    everything = sent_in([tweet_packer().pack(block)])
    before = [Delivered(through=everything[0][9][0]), Delivered(lines=frozenset({everything[1][1][0]}))]
    packed = Packer(TweetRows(COLUMNS, "abc"), before).pack(block)
    assert (packed.sent, packed.skipped) == (89, 11)
    assert sent_in([packed]) == [everything[0][10:], everything[1][:1] + everything[1][2:]]
    limited = Packer(TweetRows(COLUMNS, "abc"), before).pack(block, limit=30)
    assert limited.sent == 30
    assert (
        sorted(line for part in sent_in([limited]) for line, *_ in part)
        == sorted(line for part in sent_in([packed]) for line, *_ in part)[:30]
    )


@settings(deadline=None)
@given(
    st.binary(max_size=300) | st.text(st.sampled_from('a1,"\n\r\t'), max_size=200).map(str.encode),
    st.lists(st.integers(0, 300)),
    st.sampled_from([TweetRows, EmissionRows]),
    st.integers(1, 5),
)
def test_cuts_make_no_difference(content: bytes, cuts: list[int], rows: type, most: int) -> None:
    places = sorted({0, len(content), *(cut for cut in cuts if cut <= len(content))})
    chunks = [content[low:high] for low, high in pairwise(places)]
    columns = COLUMNS if rows is TweetRows else EMISSION_COLUMNS
    whole: Rows = rows(columns, "abc")
    expected = [*whole.records(1, split_lines([content])), *whole.rest()]
    packer = Packer(rows(columns, "abc"), [Delivered(), Delivered()])
    packed = [packer.pack(part) for block in from_line_1(blocks(chunks)) for part in block.parts(most)]
    found = sent_in([*packed, packer.rest()])
    assert sorted(found[0] + found[1]) == sorted(expected)


def test_a_row_that_spans_blocks_is_one_record_and_a_quote_that_is_never_closed_costs_one_line() -> None:
    row = ",".join(['"a\nb"', *["x"] * 10])
    packer = Packer(EmissionRows(EMISSION_COLUMNS, "abc"), [Delivered(), Delivered()])
    lines = f'{row}\n"open\n{row}\n'.encode()
    packed = [packer.pack(part) for block in from_line_1(blocks([lines])) for part in block.parts(1)]
    found = sent_in([*packed, packer.rest()])
    assert sorted((line, len(headers) > 3) for part in found for line, _, _, headers in part) == [
        (1, False),
        (3, True),
        (4, False),
    ]


def test_several_processes_pack_what_one_does_in_the_same_order() -> None:
    packer = tweet_packer()
    expected = [packer.pack(block) for block in tweet_blocks(2_000, most=100)]
    with Workers(3, packer, StopSignals()) as workers:
        packed = list(workers.pack(tweet_blocks(2_000, most=100), lambda: True))
    assert [block for block, _ in packed] == list(tweet_blocks(2_000, most=100))
    assert [part for _, part in packed] == expected


def test_nothing_that_is_packed_waits_for_a_source_that_has_no_more_for_now() -> None:
    asked: list[int] = []

    def slow() -> Iterator[Block]:
        for number, block in enumerate(tweet_blocks(500, most=100)):
            asked.append(number)
            yield block

    with Workers(2, tweet_packer(), StopSignals()) as workers:
        for number, _ in enumerate(workers.pack(slow(), lambda: False)):
            assert asked == list(range(number + 1))
    assert len(asked) == 5


def kill_after(number: int, packed: Iterator[object], pid: int) -> None:
    for place, _ in enumerate(packed):
        if place == number:
            os.kill(pid, signal.SIGKILL)


def test_a_process_that_is_killed_is_told_in_a_sentence_and_none_stays() -> None:
    workers = Workers(2, tweet_packer(), StopSignals())
    pids = [worker.process.pid for worker in workers._all]
    with pytest.raises(WorkerError) as caught, workers:
        kill_after(5, workers.pack(tweet_blocks(2_000, most=10), lambda: True), pids[1])
    assert str(caught.value) == (
        f"process {pids[1]}, which packed records for this one, ended by SIGKILL; nothing is lost: "
        "run the same command again, and it goes on where the topic ends"
    )
    assert [worker.process.returncode for worker in workers._all] == [0, -9]
