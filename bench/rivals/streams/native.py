"""The native loop: librdkafka, pyarrow, Polars and delta-rs in one Python process, exactly once.

``python -m bench.rivals.streams.native FOLDER once|forever`` lands the tweets' topic in ``FOLDER/table``. The
offsets are application transactions of the same Delta commit as the rows, so a restart goes on behind the last commit.
While one batch is judged and written in a thread, the next one is fetched.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Transaction,
    WriterProperties,
    write_deltalake,
)

from bench.rivals.streams.judge import SCHEMA, Batch, bronze_rows
from tideline.schemas import TABLES
from tideline.settings import Settings, load_settings

BATCH_RECORDS = 500_000
POLL_RECORDS = 20_000
FRESH_SECONDS = 1.0
"""A batch is written when it is full, or when its first record has waited so long."""

CLIENT = {
    "group.id": "native-loop",
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    # librdkafka's defaults hold back: 1 MiB per partition and request, 64 MiB of messages ahead.
    "fetch.message.max.bytes": 16 << 20,
    "fetch.max.bytes": 64 << 20,
    "queued.min.messages": 1_000_000,
    "queued.max.messages.kbytes": 512 << 10,
    "fetch.wait.max.ms": 100,
}
WRITER = WriterProperties(
    compression="SNAPPY",
    # What never repeats gains nothing from a dictionary, and its smallest and largest help nobody.
    column_properties={
        name: ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE") for name in ("key", "value")
    },
)


class Sink:
    """The Delta table and how far it is."""

    def __init__(self, path: Path, topic: str) -> None:
        self._name = f"native-loop-{topic}"
        table = TABLES["bronze.tweets"]
        configuration = table.properties | {"delta.dataSkippingStatsColumns": ",".join(table.stats)}
        self._table = DeltaTable.create(str(path), schema=SCHEMA, mode="ignore", configuration=configuration)

    def position(self, partition: int) -> int:
        """The first offset that is not in the table."""
        return self._table.transaction_version(f"{self._name}-{partition}") or 0

    def append(self, batch: Batch) -> int:
        """Judge and write a batch and its offsets in one commit; returns its number of rows."""
        after: dict[int, int] = {}
        for partition, offset in zip(batch.partitions, batch.offsets, strict=True):
            after[partition] = offset + 1
        transactions = [Transaction(f"{self._name}-{p}", offset) for p, offset in after.items()]
        write_deltalake(
            self._table,
            bronze_rows(batch),
            mode="append",
            writer_properties=WRITER,
            commit_properties=CommitProperties(app_transactions=transactions),
            post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
        )
        return len(batch)


def add(batch: Batch, messages: Iterable[Any]) -> None:
    """Take over what the client gave.

    Raises:
        RuntimeError: it gave an error instead of a record.
    """
    for message in messages:
        error = message.error()
        if error is not None:
            raise RuntimeError(str(error))
        batch.partitions.append(message.partition())
        batch.offsets.append(message.offset())
        batch.times_ms.append(message.timestamp()[1])
        batch.keys.append(message.key())
        batch.values.append(message.value())
        batch.headers.append(message.headers())


def positions(consumer: Consumer, sink: Sink, topic: str) -> dict[int, tuple[int, int]]:
    """Where each partition goes on, and where it ends now."""
    found = {}
    for partition in consumer.list_topics(topic).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition))
        found[partition] = max(low, sink.position(partition)), high
    return found


def run(settings: Settings, path: Path, *, forever: bool) -> int:
    """Land what is there now, or all that comes until SIGTERM; returns the number of rows."""
    topic = settings.tweets_topic
    sink, consumer = Sink(path, topic), Consumer(CLIENT | {"bootstrap.servers": settings.kafka_bootstrap})
    begin = positions(consumer, sink, topic)
    consumer.assign([TopicPartition(topic, p, low) for p, (low, _) in begin.items()])
    left = sum(high - low for low, high in begin.values())
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    rows, writing = 0, None
    with ThreadPoolExecutor(1) as thread:
        while not stop and (forever or left > 0):
            batch = _next_batch(consumer, topic, None if forever else left, stop)
            left -= len(batch)
            rows += _done(writing)
            writing = thread.submit(sink.append, batch) if len(batch) else None
        rows += _done(writing)
    consumer.close()
    return rows


def _next_batch(consumer: Consumer, topic: str, left: int | None, stop: list[int]) -> Batch:
    batch, began = Batch(topic), time.monotonic()
    while not stop and len(batch) < BATCH_RECORDS and (left is None or len(batch) < left):
        add(batch, consumer.consume(POLL_RECORDS, 0.05))
        if left is None and time.monotonic() - began > FRESH_SECONDS:
            break
    return batch


def _done(writing: Future[int] | None) -> int:
    return writing.result() if writing is not None else 0


def main() -> None:
    """Run; the last line is the number of rows as JSON."""
    # Millions of small objects without cycles: looking for them would take half of the time.
    gc.disable()
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    rows = run(load_settings(), folder / "table", forever=mode == "forever")
    said: dict[str, Any] = {"rows": rows}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
