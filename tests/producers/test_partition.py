from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.partitioner import murmur2 as kafkas_murmur2

from producers.partition import murmur2, partition_of, partitions_of


@given(st.binary(max_size=70))
def test_the_hash_is_kafkas(key: bytes) -> None:
    assert murmur2(key) == kafkas_murmur2(key)


def test_keys_fall_where_java_clients_put_them() -> None:
    # Values of Kafka's own UtilsTest.testMurmur2, unsigned.
    assert murmur2(b"21") == -973932308 & 0xFFFFFFFF
    assert murmur2(b"a-little-bit-long-string") == -985981536 & 0xFFFFFFFF
    assert partition_of(b"21", 7) == (-973932308 & 0x7FFFFFFF) % 7


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=200), st.integers(1, 64))
def test_many_keys_fall_where_each_alone_would(keys: list[bytes], partitions: int) -> None:
    many = keys * 3
    assert partitions_of(many, partitions) == [partition_of(key, partitions) for key in many]
