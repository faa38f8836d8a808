"""What is handed to the client is what its own ``send`` would have made of the same records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from producers.batches import PAYLOAD_BYTES, Batch, Gathering, content_of
from producers.handover import Handed, _Records, filled_records
from producers.records import Headers

NOW = 1_700_000_000_123
RECORDS = st.tuples(
    st.binary(max_size=200),
    st.binary(max_size=300),
    st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=200)), max_size=5),
)


def batches_of(records: list[tuple[bytes, bytes, Headers]]) -> list[Batch]:
    gathering = Gathering(1)
    for line, record in enumerate(records, 1):
        gathering.add(line, content_of(*record))
    gathering.close()
    return gathering.batches


def built(records: list[tuple[bytes, bytes, Headers]]) -> bytes:
    """As the client builds them."""
    builder = MemoryRecordsBuilder(2, 0, 1 << 24)
    for key, value, headers in records:
        builder.append(NOW, key, value, headers)
    builder.set_producer_state(7, 1, 20, False)
    builder.close()
    return bytes(builder.buffer())


def handed(batch: Batch) -> bytes:
    records = filled_records(batch, NOW)
    records.set_producer_state(7, 1, 20, False)
    records.close()
    return bytes(records.buffer())


@settings(deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=150))
def test_a_batch_is_the_clients_own_to_the_byte(records: list[tuple[bytes, bytes, Headers]]) -> None:
    [batch] = batches_of(records)
    assert handed(batch) == built(records)
    assert (batch.partition, batch.first_line, batch.count) == (1, 1, len(records))


def test_long_lengths_are_the_clients_own_too() -> None:
    records: list[tuple[bytes, bytes, Headers]] = [(b"k" * 70_000, b"v" * 2_200_000, [("line", b"1")])]
    [batch] = batches_of(records)
    assert handed(batch) == built(records)


def test_a_batch_ends_where_the_next_record_would_make_it_too_large() -> None:
    records: list[tuple[bytes, bytes, Headers]] = [(b"k", b"v" * 1_000, []) for _ in range(300)]
    records[150] = (b"k", b"v" * 300_000, [])
    batches = batches_of(records)
    assert [batch.count for batch in batches] == [129, 21, 1, 129, 20]
    assert [batch.first_line for batch in batches] == [1, 130, 151, 152, 281]
    assert [len(batch.payload) <= PAYLOAD_BYTES for batch in batches] == [True, True, False, True, True]
    assert handed(batches[1]) == built(records[129:150])


class Told:
    """A future of the client's, settled by hand."""

    def __init__(self) -> None:
        self.settle = lambda result: None

    def add_callback(self, callback: object) -> None:
        self.settle = callback  # type: ignore[assignment]


@pytest.mark.parametrize("refused", [False, True])
def test_a_batch_that_the_client_splits_is_done_with_its_last_part_and_names_the_refused_one(refused: bool) -> None:
    said: list[tuple[int, Exception]] = []
    batches = batches_of([(b"k", b"v", [("line", b"%d" % line)]) for line in (1, 2, 3, 4)])
    whole, left, right, first, second = Told(), Told(), Told(), Told(), Told()
    handed = Handed(batches[0], lambda line, error: said.append((line, error)))
    handed.watch(whole, 1)

    class Filled:
        records = filled_records(batches[0], NOW)

    Filled.records.close()
    records = _Records(handed, Filled)
    assert len(records) == 4
    # The client's split: records of each half, with their places in it; then the right half once more.
    for index, (future, place) in enumerate([(left, 0), (left, 1), (right, 0), (right, 1)]):
        records[index].rebind(future, place)
    for index, future in ((2, first), (3, second)):
        records[index].rebind(future, 0)
    left.settle((10, -1, None))
    second.settle((13, -1, None))
    assert not handed.is_done
    error = ValueError("too large")
    first.settle((12, -1, (lambda _: error) if refused else None))
    assert handed.is_done
    assert said == ([(3, error)] if refused else [])


def test_the_records_of_a_batch_can_be_read_back() -> None:
    [batch] = batches_of([(b"key", b"value", [("source", b"s"), ("line", b"9")])])
    records = filled_records(batch, NOW)
    records.close()
    [record] = next(MemoryRecords(records.buffer()))
    assert (record.key, record.value, record.headers, record.timestamp) == (
        b"key",
        b"value",
        [("source", b"s"), ("line", b"9")],
        NOW,
    )
