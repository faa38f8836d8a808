"""Which partition a key belongs to, by the rule that every Kafka client shares."""

from __future__ import annotations

from struct import unpack_from

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_MASK = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key: Kafka's default partitioner.

    A resume has to know it before sending. Four bytes at a time it also costs a third of the client's own way, so
    the client is told the partition.

    >>> partition_of(b"937349434668498944", 2)
    1
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 with Kafka's seed, as in ``org.apache.kafka.common.utils.Utils.murmur2``, unsigned."""
    length = len(data)
    tail = length & 3
    h = _SEED ^ length
    for k in unpack_from(f"<{length >> 2}I", data):
        k = k * _FACTOR & _MASK
        h = (h * _FACTOR & _MASK) ^ ((k ^ k >> 24) * _FACTOR & _MASK)
    if tail:
        h = (h ^ int.from_bytes(data[length - tail :], "little")) * _FACTOR & _MASK
    h = (h ^ h >> 13) * _FACTOR & _MASK
    return h ^ h >> 15
