"""Topics to produce into, what they hold afterwards, and producers as processes that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from tideline.kafka_admin import admin_client
from tideline.settings import Settings


@dataclass(frozen=True)
class Kept:
    """A record as the topic keeps it."""

    partition: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]

    @property
    def line(self) -> int:
        return int(self.headers["line"])


_numbers = count(1)


def make_topic(settings: Settings, partitions: int = 2, **config: str) -> str:
    name = f"producers-{next(_numbers)}"
    with admin_client(settings.kafka_bootstrap) as client:
        configs = {"message.timestamp.type": "LogAppendTime"} | {k.replace("_", "."): v for k, v in config.items()}
        client.create_topics({name: {"num_partitions": partitions, "configs": configs}})
        client.wait_for_topics([name])
    return name


def kept_in(settings: Settings, topic: str) -> list[Kept]:
    """All records, by partition and offset."""
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False, group_id=None, check_crcs=False
    )
    found = []
    for partition in sorted(consumer.partitions_for_topic(topic) or ()):
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        consumer.seek_to_beginning(tp)
        end = consumer.end_offsets([tp])[tp]
        while consumer.position(tp) < end:
            for record in consumer.poll(timeout_ms=500, max_records=10_000).get(tp, ()):
                found.append(Kept(partition, record.key, record.value, dict(record.headers)))
    consumer.close()
    return found


def record_count(settings: Settings, topic: str) -> int:
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False, group_id=None)
    parts = [TopicPartition(topic, partition) for partition in consumer.partitions_for_topic(topic) or ()]
    total = sum(consumer.end_offsets(parts).values())
    consumer.close()
    return int(total)


def start_replay(settings: Settings, topic: str, path: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "producers", "tweets", "--input", str(path), "--topic", topic, *more]
    environment = os.environ | settings.variables()
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def assert_complete(kept: list[Kept], lines: int) -> Counter[int]:
    """Every line is there, in order of first appearance per partition, and doubles have one event id; their counts."""
    times = Counter(record.line for record in kept)
    assert sorted(times) == list(range(1, lines + 1))
    assert len({(record.line, record.headers["event_id"], record.key, record.partition) for record in kept}) == lines
    return times
