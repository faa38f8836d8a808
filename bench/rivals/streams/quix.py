"""Quix Streams with a sink of its base class that judges and writes as the native loop does.

``python -m bench.rivals.streams.quix FOLDER once|forever`` lands the tweets' topic in ``FOLDER/table``.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

from quixstreams import Application
from quixstreams.sinks import BaseSink

from bench.rivals.streams.judge import Batch
from bench.rivals.streams.native import BATCH_RECORDS, CLIENT, FRESH_SECONDS, Sink
from tideline.offsets import topic_state
from tideline.settings import load_settings


class DeltaSink(BaseSink):  # type: ignore[misc]  # not everyone has the package
    """Gathers records until Quix commits; what the table holds already, and comes again after a crash, is left out."""

    def __init__(self, path: Path, topic: str) -> None:
        super().__init__()
        self._sink, self._topic, self._batch = Sink(path, topic), topic, Batch(topic)
        self._held: dict[int, int] = {}
        self.rows = 0

    def add(self, value: Any, key: Any, timestamp: int, headers: Any, topic: str, partition: int, offset: int) -> None:
        """Take a record over."""
        if partition not in self._held:
            self._held[partition] = self._sink.position(partition)
        if offset < self._held[partition]:
            return
        batch = self._batch
        batch.partitions.append(partition)
        batch.offsets.append(offset)
        batch.times_ms.append(timestamp)
        batch.keys.append(key)
        batch.values.append(value)
        batch.headers.append(headers)

    def flush(self) -> None:
        """Write what was gathered, in one commit."""
        if len(self._batch):
            self.rows += self._sink.append(self._batch)
            self._batch = Batch(self._topic)


def main() -> None:
    """Run; the last line is the number of rows as JSON."""
    gc.disable()
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    settings = load_settings()
    topic, bootstrap = settings.tweets_topic, settings.kafka_bootstrap
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"quix-{topic}",
        auto_offset_reset="earliest",
        commit_every=BATCH_RECORDS,
        commit_interval=FRESH_SECONDS if mode == "forever" else 60.0,
        consumer_extra_config={name: value for name, value in CLIENT.items() if name.startswith(("fetch", "queued"))},
        state_dir=folder / "state",
        auto_create_topics=False,
        loglevel="WARNING",
    )
    sink = DeltaSink(folder / "table", topic)
    frame = app.dataframe(app.topic(topic, key_deserializer="bytes", value_deserializer="bytes"))
    frame.sink(sink)
    left = sum(topic_state(bootstrap, topic).end.values())
    app.run(count=left if mode == "once" else 0, collect=False)
    sys.stdout.write(json.dumps({"rows": sink.rows}) + "\n")
    sys.stdout.flush()
    # Its clients' threads would hold the process for seconds after all is committed.
    os._exit(0)


if __name__ == "__main__":
    main()
