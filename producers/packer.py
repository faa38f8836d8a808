"""Lines of a source into batches for Kafka, all but those that the topic holds already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from producers.batches import Batch, Gathering, content_of
from producers.delivered import Delivered
from producers.lines import Block, Line
from producers.partition import partitions_of
from producers.records import JSON_HEADERS, Record


class Rows(Protocol):
    """Lines into records, block by block."""

    def records(self, first: int, lines: Iterable[Line]) -> Iterator[Record]:
        """The records of the lines from number ``first`` on, but for a row that is not whole yet."""

    def rest(self) -> Iterator[Record]:
        """The records of what came last and was not whole."""


@dataclass(frozen=True)
class Packed:
    """What became of a block.

    Attributes:
        batches: what is to be sent, in order for each partition.
        sent: records in them.
        skipped: lines that the topic holds already.
        malformed: of the records to be sent, those of raw lines.
    """

    batches: Sequence[Batch]
    sent: int
    skipped: int
    malformed: int


class Packer:
    """Packs blocks of one source for one topic. It can be sent to another process."""

    def __init__(self, rows: Rows, before: Sequence[Delivered]) -> None:
        self._rows, self._before = rows, before
        self._newest = max(part.newest for part in before)

    def pack(self, block: Block, limit: int | None = None) -> Packed:
        """The batches of a block, up to so many records."""
        return self._pack(self._rows.records(block.first, block.lines()), limit)

    def rest(self, limit: int | None = None) -> Packed:
        """The batches of what the last block left open."""
        return self._pack(self._rows.rest(), limit)

    def _pack(self, records: Iterator[Record], limit: int | None) -> Packed:
        before, newest, partitions = self._before, self._newest, len(self._before)
        gatherings = [Gathering(partition) for partition in range(partitions)]
        skipped = malformed = sent = 0
        found = list(records)
        places = partitions_of([key for _, key, _, _ in found], partitions)
        for (line, key, value, headers), partition in zip(found, places, strict=True):
            if line <= newest and before[partition].has(line):
                skipped += 1
                continue
            gatherings[partition].add(line, content_of(key, value, headers))
            malformed += len(headers) > JSON_HEADERS
            sent += 1
            if sent == limit:
                break
        return Packed(_in_turn(gatherings), sent, skipped, malformed)


def _in_turn(gatherings: Sequence[Gathering]) -> list[Batch]:
    """The batches of all partitions, those first whose lines come first."""
    for gathering in gatherings:
        gathering.close()
    return sorted((batch for g in gatherings for batch in g.batches), key=lambda batch: batch.first_line)
