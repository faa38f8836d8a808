"""Which offsets a bronze table holds, and how often: read from the rows themselves, in bounded memory. No Spark.

Statistics decide nothing: every row's coordinates are looked at, and each offset is marked in an array of its own.
"""

from __future__ import annotations

import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder
from numpy.typing import NDArray

Ranges = NDArray[np.int64]
"""Ranges of offsets, one per row: the first, and the one after the last."""

CHUNK_BITS = 20
CHUNK = 1 << CHUNK_BITS
"""Offsets per array, a byte each."""

OPEN_CHUNKS = 32
"""Arrays that are held as they are; others are packed. Rows come about in the order of their offsets, and an array of
which everything is known packs to a thousandth."""

ROWS_AT_ONCE = 1 << 17

_COORDINATES = 'select topic, "partition", "offset" from t'

_Place = tuple[str, int, int]
"""Topic, partition, number of the chunk."""

_TWICE = 2
"""Marks stop here: more often than once is all that must be known."""


@dataclass(frozen=True)
class Coverage:
    """What a table holds of one partition of a topic, from its first to its last offset.

    Attributes:
        rows: rows, however often an offset occurs.
        offsets: different offsets.
        missing: ranges between first and last that have no row.
        doubled: ranges of which every offset has more than one row.
    """

    topic: str
    partition: int
    first: int
    last: int
    rows: int
    offsets: int
    missing: Ranges
    doubled: Ranges


def read_coverage(table: DeltaTable) -> list[Coverage]:
    """Read the coordinates of all rows of a bronze table, at the version at which it was opened.

    Returns:
        One entry per topic and partition that has rows, in their order.
    """
    marks = _Marks()
    for batch in _batches(table):
        for topic, partition, offsets in _by_partition(batch):
            marks.add(topic, partition, offsets)
    return marks.coverages()


def ranges_of(*ranges: range) -> Ranges:
    """Literal ranges in the form that coverage has.

    >>> ranges_of(range(3, 5)).tolist()
    [[3, 5]]
    """
    return np.array([(r.start, r.stop) for r in ranges], np.int64).reshape(-1, 2)


def count_offsets(ranges: Ranges) -> int:
    """How many offsets the ranges hold.

    >>> count_offsets(ranges_of(range(3, 5), range(9, 10)))
    3
    """
    return int((ranges[:, 1] - ranges[:, 0]).sum())


def _batches(table: DeltaTable) -> Iterator[pa.Table]:
    """The coordinates in portions of a size that is worth a call."""
    rows: list[pa.RecordBatch] = []
    waiting = 0
    for batch in QueryBuilder().register("t", table).execute(_COORDINATES):
        rows.append(pa.record_batch(batch))
        waiting += rows[-1].num_rows
        if waiting >= ROWS_AT_ONCE:
            yield pa.Table.from_batches(rows)
            rows, waiting = [], 0
    if rows:
        yield pa.Table.from_batches(rows)


def _by_partition(rows: pa.Table) -> Iterator[tuple[str, int, NDArray[np.int64]]]:
    topics = rows["topic"].cast(pa.string())
    partitions, offsets = rows["partition"].to_numpy(), rows["offset"].to_numpy()
    for topic in pc.unique(topics).to_pylist():
        of_topic = pc.equal(topics, topic).to_numpy()
        for partition in pc.unique(rows["partition"]).to_pylist():
            found = offsets[of_topic & (partitions == partition)]
            if len(found):
                yield topic, partition, found


class _Marks:
    """How often each offset was met: not at all, once, more often."""

    def __init__(self) -> None:
        self._rows: Counter[tuple[str, int]] = Counter()
        self._open: OrderedDict[_Place, NDArray[np.uint8]] = OrderedDict()
        self._packed: dict[_Place, bytes] = {}

    def add(self, topic: str, partition: int, offsets: NDArray[np.int64]) -> None:
        """Mark offsets, in any order."""
        self._rows[topic, partition] += len(offsets)
        numbers = offsets >> CHUNK_BITS
        for number in np.unique(numbers):
            _mark(self._chunk((topic, partition, int(number))), offsets[numbers == number] & (CHUNK - 1))

    def coverages(self) -> list[Coverage]:
        """What was met, by topic and partition."""
        return [self._coverage(topic, partition) for topic, partition in sorted(self._rows)]

    def _coverage(self, topic: str, partition: int) -> Coverage:
        met, doubled = [], []
        for place in sorted(p for p in self._open.keys() | self._packed.keys() if p[:2] == (topic, partition)):
            chunk, start = self._chunk(place), place[2] << CHUNK_BITS
            met.append(_runs(chunk > 0, start))
            doubled.append(_runs(chunk == _TWICE, start))
        present = _joined(met)
        return Coverage(
            topic,
            partition,
            first=int(present[0, 0]),
            last=int(present[-1, 1]) - 1,
            rows=self._rows[topic, partition],
            offsets=count_offsets(present),
            missing=np.stack([present[:-1, 1], present[1:, 0]], axis=1),
            doubled=_joined(doubled),
        )

    def _chunk(self, place: _Place) -> NDArray[np.uint8]:
        """The array of a place, unpacked or new; the one that was not used for longest is packed instead."""
        chunk = self._open.pop(place, None)
        if chunk is None:
            packed = self._packed.pop(place, None)
            # A copy: what is unpacked may not be written to.
            chunk = (
                np.zeros(CHUNK, np.uint8)
                if packed is None
                else np.frombuffer(bytearray(zlib.decompress(packed)), np.uint8)
            )
        self._open[place] = chunk
        if len(self._open) > OPEN_CHUNKS:
            oldest, marks = self._open.popitem(last=False)
            self._packed[oldest] = zlib.compress(marks.tobytes(), 1)
        return chunk


def _mark(chunk: NDArray[np.uint8], within: NDArray[np.int64]) -> None:
    """Count offsets of a chunk."""
    if bool(np.all(within[1:] > within[:-1])):
        # As the stream writes them: none occurs twice here.
        chunk[within] = np.minimum(chunk[within] + 1, _TWICE)
    else:
        np.minimum(chunk + np.bincount(within, minlength=CHUNK), _TWICE, out=chunk, casting="unsafe")


def _runs(flags: NDArray[np.bool_], start: int) -> Ranges:
    """The ranges in which the flags are set; ``start`` is the offset of the first flag."""
    edges = np.diff(flags.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(edges).reshape(-1, 2) + start


def _joined(parts: list[Ranges]) -> Ranges:
    """Ranges in their order, those that touch each other as one."""
    ranges = np.concatenate(parts)
    apart = ranges[1:, 0] != ranges[:-1, 1]
    return np.stack([ranges[np.r_[True, apart], 0], ranges[np.r_[apart, True], 1]], axis=1) if len(ranges) else ranges
