"""Bytewax with a sink of its base class that judges and writes as the native loop does.

``python -m bench.rivals.streams.bytewax_flow FOLDER once`` lands the tweets' topic in ``FOLDER/table``.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main
from deltalake import DeltaTable

from bench.rivals.streams.judge import Batch
from bench.rivals.streams.native import BATCH_RECORDS, CLIENT, POLL_RECORDS, Sink
from tideline.settings import load_settings


class _Part(StatelessSinkPartition[Any]):  # type: ignore[misc]  # not everyone has the package
    """Gathers records, and writes them when they are many or the flow is at its end."""

    def __init__(self, path: Path, topic: str) -> None:
        self._sink, self._topic, self._batch = Sink(path, topic), topic, Batch(topic)

    def write_batch(self, items: list[Any]) -> None:
        """Take records over."""
        batch = self._batch
        for item in items:
            batch.partitions.append(item.partition)
            batch.offsets.append(item.offset)
            batch.times_ms.append(item.timestamp[1])
            batch.keys.append(item.key)
            batch.values.append(item.value)
            batch.headers.append(item.headers)
        if len(batch) >= BATCH_RECORDS:
            self._flush()

    def close(self) -> None:
        """Write the rest."""
        self._flush()

    def _flush(self) -> None:
        if len(self._batch):
            self._sink.append(self._batch)
            self._batch = Batch(self._topic)


class DeltaSink(DynamicSink[Any]):  # type: ignore[misc]  # not everyone has the package
    """One part per worker; there is one worker."""

    def __init__(self, path: Path, topic: str) -> None:
        self._path, self._topic = path, topic

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Part:
        """The worker's part."""
        return _Part(self._path, self._topic)


def main() -> None:
    """Run; the last line is the number of rows as JSON."""
    gc.disable()
    table = Path(sys.argv[1]) / "table"
    settings = load_settings()
    topic = settings.tweets_topic
    fetching: dict[str, Any] = {name: value for name, value in CLIENT.items() if name.startswith(("fetch", "queued"))}
    flow = Dataflow("tweets")
    source = KafkaSource([settings.kafka_bootstrap], [topic], tail=False, add_config=fetching, batch_size=POLL_RECORDS)
    op.output("out", op.input("in", flow, source), DeltaSink(table, topic))
    run_main(flow)
    sys.stdout.write(json.dumps({"rows": DeltaTable(table).count()}) + "\n")


if __name__ == "__main__":
    main()
