"""The proof that bronze holds each record of Kafka once, by partition. Pure but for what it is given to ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tideline.coverage import Coverage, Ranges, count_offsets

Bounds = Mapping[tuple[str, int], tuple[int, int]]
"""Per (topic, partition): the first and the next offset that Kafka has."""

Readable = Callable[[str, int, Sequence[range]], list[range]]
"""Of some ranges of a topic's partition those in which Kafka has a record."""

NAMED_RANGES = 5
"""So many ranges are named; of more only their number is said."""


@dataclass(frozen=True)
class PartitionProof:
    """One partition: what bronze holds against what Kafka has.

    Attributes:
        coverage: what bronze holds; None where it has no rows.
        kafka: the first and the next offset that Kafka has; None when it was not asked, or has no such partition.
        missing: offsets without a row that have a record, or of which nobody can say so.
        unreadable: offsets without a row of which Kafka has no record either.
        problems: what speaks against the proof, each with its offsets; empty when it holds.
    """

    topic: str
    partition: int
    coverage: Coverage | None
    kafka: tuple[int, int] | None
    missing: int = 0
    unreadable: int = 0
    problems: tuple[str, ...] = ()

    @property
    def lag(self) -> int | None:
        """How many offsets lie above bronze's last one; None when Kafka was not asked."""
        if self.kafka is None:
            return None
        return self.kafka[1] - (self.kafka[0] if self.coverage is None else self.coverage.last + 1)

    @property
    def doubled(self) -> int:
        """Offsets that have more than one row."""
        return 0 if self.coverage is None else count_offsets(self.coverage.doubled)


def prove_offsets(coverages: Sequence[Coverage], bounds: Bounds | None, readable: Readable) -> list[PartitionProof]:
    """Compare bronze with Kafka, from bronze's first to its last offset; what lies above is lag and no problem.

    Args:
        coverages: what bronze holds.
        bounds: what Kafka has of these topics; None when it cannot be asked. Read after bronze, so that no lag is
            negative.
        readable: asked where bronze has no row.

    Returns:
        A proof for each partition that bronze or Kafka knows.
    """
    found = {(c.topic, c.partition): c for c in coverages}
    if bounds is None:
        return [_prove_alone(coverage) for coverage in found.values()]
    proofs = []
    for topic, partition in sorted(found.keys() | bounds.keys()):
        kafka = bounds.get((topic, partition))
        proof = PartitionProof(topic, partition, found.get((topic, partition)), kafka)
        proofs.append(_prove(proof, readable))
    return proofs


def describe_ranges(ranges: Sequence[range]) -> str:
    """Ranges of offsets for a message.

    >>> describe_ranges([range(3, 4), range(7, 10)])
    '3, 7-9'
    """
    named = [str(r.start) if len(r) == 1 else f"{r.start}-{r.stop - 1}" for r in ranges[:NAMED_RANGES]]
    more = len(ranges) - len(named)
    return ", ".join(named) + (f" and {more} more ranges" if more else "")


def _prove_alone(coverage: Coverage) -> PartitionProof:
    """Without Kafka: an offset has at most one record, so rows without gap and double are all there were."""
    problems = _doubled(coverage)
    gaps = _as_ranges(coverage.missing)
    if gaps:
        problems.append(
            f"offsets {describe_ranges(gaps)} have no row, and Kafka, which could say whether they have a record, does "
            "not answer"
        )
    missing = count_offsets(coverage.missing)
    return PartitionProof(coverage.topic, coverage.partition, coverage, None, missing, problems=tuple(problems))


def _prove(proof: PartitionProof, readable: Readable) -> PartitionProof:
    coverage = proof.coverage
    if coverage is None:
        return proof
    if proof.kafka is None:
        return replace(proof, problems=(*_doubled(coverage), "Kafka has no such partition: the topic was deleted"))
    first, end = proof.kafka
    gaps = _as_ranges(coverage.missing)
    # Kafka deletes from the front only: what it still has below bronze's first offset was there when the lake began.
    asked = [r for r in [range(first, coverage.first), *gaps] if r.start >= first and len(r)]
    held = readable(proof.topic, proof.partition, asked) if asked else []
    gone = [r for r in gaps if r.start < first]
    problems = _doubled(coverage)
    if held:
        problems.append(f"offsets {describe_ranges(held)} have no row, but Kafka has records there")
    if gone:
        problems.append(
            f"offsets {describe_ranges(gone)} have no row, and Kafka keeps nothing before {first} any more, so that "
            "nobody can say whether they had a record"
        )
    if coverage.last >= end:
        problems.append(f"rows go to offset {coverage.last}, but Kafka ends at {end - 1}: the topic lost records")
    missing = sum(map(len, held)) + sum(map(len, gone))
    unreadable = sum(map(len, set(gaps).difference(held, gone)))
    return replace(proof, missing=missing, unreadable=unreadable, problems=tuple(problems))


def _doubled(coverage: Coverage) -> list[str]:
    doubled = _as_ranges(coverage.doubled)
    return [f"offsets {describe_ranges(doubled)} have more than one row"] if doubled else []


def _as_ranges(ranges: Ranges) -> list[range]:
    return [range(int(start), int(stop)) for start, stop in ranges]
