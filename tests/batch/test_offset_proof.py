"""What counts as proven: literal coverages against literal bounds of Kafka."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from batch.offset_proof import PartitionProof, describe_ranges, prove_offsets
from tideline.coverage import Coverage, count_offsets, ranges_of


def coverage(first: int, last: int, *missing: range, doubled: Sequence[range] = ()) -> Coverage:
    gaps, twice = ranges_of(*missing), ranges_of(*doubled)
    offsets = last - first + 1 - count_offsets(gaps)
    return Coverage("tweets", 0, first, last, offsets + count_offsets(twice), offsets, gaps, twice)


def prove(held: Coverage | None, kafka: tuple[int, int] | None, *records: int) -> PartitionProof:
    """The proof of one partition of which Kafka has these records (asked about gaps only)."""

    def readable(_topic: str, _partition: int, ranges: Sequence[range]) -> list[range]:
        return [r for r in ranges if any(record in r for record in records)]

    bounds = None if kafka is None else {("tweets", 0): kafka}
    (proof,) = prove_offsets([held] if held else [], bounds, readable)
    return proof


def test_each_offset_once_holds_and_what_lies_above_is_lag() -> None:
    proof = prove(coverage(3, 9), (3, 15))
    assert (proof.problems, proof.lag, proof.missing, proof.unreadable) == ((), 5, 0, 0)


def test_records_that_retention_deleted_after_bronze_read_them_are_no_problem() -> None:
    assert prove(coverage(0, 9), (7, 10)).problems == ()


def test_a_partition_of_which_bronze_has_nothing_is_all_lag() -> None:
    proof = prove(None, (2, 5))
    assert (proof.problems, proof.lag) == ((), 3)


def test_a_gap_without_records_is_no_problem_and_is_counted_apart() -> None:
    proof = prove(coverage(0, 9, range(4, 6), range(8, 9)), (0, 10))
    assert (proof.problems, proof.missing, proof.unreadable) == ((), 0, 3)


def test_a_gap_with_a_record_is_named() -> None:
    proof = prove(coverage(0, 9, range(4, 6), range(8, 9)), (0, 10), 5)
    assert proof.problems == ("offsets 4-5 have no row, but Kafka has records there",)
    assert (proof.missing, proof.unreadable) == (2, 1)


def test_records_before_bronzes_first_offset_are_missing_too() -> None:
    proof = prove(coverage(4, 9), (1, 10), 2)
    assert proof.problems == ("offsets 1-3 have no row, but Kafka has records there",)
    assert proof.missing == 3


def test_a_gap_that_kafka_has_deleted_cannot_be_proven() -> None:
    proof = prove(coverage(0, 9, range(4, 6)), (5, 10))
    assert proof.problems == (
        "offsets 4-5 have no row, and Kafka keeps nothing before 5 any more, so that nobody can say whether they had a "
        "record",
    )


def test_doubled_offsets_are_named() -> None:
    proof = prove(coverage(0, 9, doubled=[range(2, 3), range(5, 8)]), (0, 10))
    assert proof.problems == ("offsets 2, 5-7 have more than one row",)
    assert proof.doubled == 4


def test_rows_beyond_kafkas_end_mean_that_the_topic_lost_records() -> None:
    proof = prove(coverage(0, 9), (0, 7))
    assert proof.problems == ("rows go to offset 9, but Kafka ends at 6: the topic lost records",)


def test_without_kafka_rows_without_gap_prove_themselves() -> None:
    proof = prove(coverage(0, 9), None)
    assert (proof.problems, proof.lag) == ((), None)


def test_without_kafka_a_gap_cannot_be_proven() -> None:
    proof = prove(coverage(0, 9, range(4, 6)), None)
    assert proof.problems == (
        "offsets 4-5 have no row, and Kafka, which could say whether they have a record, does not answer",
    )
    assert proof.missing == 2


def test_a_partition_that_kafka_does_not_have_is_a_problem() -> None:
    (proof,) = prove_offsets([coverage(0, 9)], {}, lambda *_: [])
    assert proof.problems == ("Kafka has no such partition: the topic was deleted",)


@pytest.mark.parametrize(("count", "text"), [(1, "0"), (5, "0, 2, 4, 6, 8"), (7, "0, 2, 4, 6, 8 and 2 more ranges")])
def test_of_many_ranges_the_first_are_named(count: int, text: str) -> None:
    assert describe_ranges([range(2 * n, 2 * n + 1) for n in range(count)]) == text
