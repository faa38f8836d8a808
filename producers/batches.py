"""Batches of records as Kafka's wire has them: record format 2, https://kafka.apache.org/documentation/#record."""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.records import JSON_HEADERS, Headers

PAYLOAD_BYTES = (128 << 10) - 61
"""Bytes of the records in a batch, at most, unless it is one large record: 128 KiB with the batch's header. One batch
per partition is under way at a time, so throughput is batch size per round trip."""

_TABLE = 1 << 14


@dataclass(frozen=True)
class Batch:
    """Records of one partition, in order.

    Attributes:
        partition: where they go.
        first_line: the source's line of the first.
        count: how many.
        payload: their bytes; each counts its offset from the first, and has the time of the first.
    """

    partition: int
    first_line: int
    count: int
    payload: bytes


@dataclass
class Gathering:
    """The batches of one partition while they are made."""

    partition: int
    batches: list[Batch] = field(default_factory=list)
    _pieces: list[bytes] = field(default_factory=list)
    _first_line: int = 0
    _count: int = 0
    _size: int = 0

    def add(self, line: int, content: bytes) -> None:
        """Append a record: its line in the source, and what ``content_of`` made of it."""
        body = b"\0\0%b%b" % (_varint[self._count], content)
        length = _varint[len(body)]
        size = len(length) + len(body)
        if self._size + size > PAYLOAD_BYTES and self._count:
            self.close()
            self.add(line, content)
            return
        if not self._count:
            self._first_line = line
        self._pieces += (length, body)
        self._size += size
        self._count += 1

    def close(self) -> None:
        """End the batch that is being made, if there is one."""
        if self._count:
            self.batches.append(Batch(self.partition, self._first_line, self._count, b"".join(self._pieces)))
            self._pieces, self._count, self._size = [], 0, 0


def content_of(key: bytes, value: bytes, headers: Headers) -> bytes:
    """What a record has after its attributes, time and offset."""
    if len(headers) == JSON_HEADERS:
        # As nearly every record has them; in one go it takes less time.
        (a, x), (b, y), (c, z) = headers
        place = (_varint[len(key)], key, _varint[len(value)], value, _varint[JSON_HEADERS])
        parts = (_named[a], _varint[len(x)], x, _named[b], _varint[len(y)], y, _named[c], _varint[len(z)], z)
        return b"".join(place + parts)
    packed = b"%b%b%b%b%b" % (_varint[len(key)], key, _varint[len(value)], value, _varint[len(headers)])
    for name, content in headers:
        packed += _named[name] + _varint[len(content)] + content
    return packed


class _Varints(dict[int, bytes]):
    """Numbers from 0 on in zigzag and base 128, as protocol buffers have them: the usual ones are ready."""

    def __missing__(self, number: int) -> bytes:
        return _encoded(number)


class _Names(dict[str, bytes]):
    """The names of headers with their length; there are few."""

    def __missing__(self, name: str) -> bytes:
        encoded = name.encode()
        self[name] = _encoded(len(encoded)) + encoded
        return self[name]


def _encoded(number: int) -> bytes:
    rest, encoded = number << 1, bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


_varint = _Varints((number, _encoded(number)) for number in range(_TABLE))
_named = _Names()
