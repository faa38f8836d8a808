"""Producing: the same tweets into a topic of two partitions, confirmed by Kafka.

Run as a module it is one run:
``python -m bench.rivals.streams.produce ours|ours-2|plain|confluent|perf FOLDER FILE PAYLOADS``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bench.broker import own_broker
from bench.meter import own_cpu_seconds
from bench.produce import ready_records, send_by_replay, send_plainly, write_tweets
from bench.rivals.contest import Contender, Proof, Scale, Section
from bench.rivals.errors import ContestError
from bench.rivals.streams.perf_tool import fetch_tool, send_by_perf_tool
from bench.rivals.streams.topics import own_topic
from producers.source import file_source
from tideline.broker import broker_status
from tideline.offsets import topic_state
from tideline.settings import Settings, load_settings

WAYS = {
    "ours": ("ours", "reads and judges the file's lines while it sends; can be resumed"),
    "ours-2": ("ours, 2 processes", "the same with --processes 2"),
    "plain": ("kafka-python", "ready-made records, send() and flush(), our producer's settings"),
    "confluent": ("confluent-kafka", "ready-made records, produce() and flush(); acks=all, idempotent, linger 10 ms"),
    "perf": (
        "Kafka's perf tool",
        "kafka-producer-perf-test with the values as payload file, without keys and headers; start of its JVM "
        "included; what it sent is not compared",
    ),
}
CONFLUENT = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 10,
    "batch.size": 128 << 10,
    "queue.buffering.max.messages": 1_000_000,
    # Java's rule, so that keys go where ours send them.
    "partitioner": "murmur2_random",
}


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[Section]:
    """A broker, the file, and everyone sending it to a topic of their own."""
    with own_broker(settings) as own:
        file = write_tweets(own.home / "tweets.tsv", scale.records)
        payloads = own.home / "payloads.txt"
        # The tool takes a line for a record: of the broken ones, those that hold a line break or nothing stay away.
        values = (value for _, value, _ in ready_records(file_source(file)))
        payloads.write_bytes(b"\n".join(value for value in values if value and b"\n" not in value))
        fetch_tool(own.home)
        yield Section(
            "produce",
            f"{scale.records:,} tweets into a topic of 2 partitions, until Kafka has confirmed all",
            [Contender(name, note, partial(_command, way, file, payloads)) for way, (name, note) in WAYS.items()],
            environment=own.environment(),
            servers={"broker": broker_status(own).pid or 0},
            proof=partial(_proof, own.kafka_bootstrap),
        )


def _command(way: str, file: Path, payloads: Path, folder: Path) -> list[str]:
    return [sys.executable, "-m", "bench.rivals.streams.produce", way, str(folder), str(file), str(payloads)]


def main() -> None:
    """One run; the last line is what was sent, and what it took from the first record to the last confirmation."""
    way, folder, file, payloads = sys.argv[1], *map(Path, sys.argv[2:5])
    settings = own_topic(load_settings(), folder.name)
    bootstrap, topic = settings.kafka_bootstrap, settings.tweets_topic
    if way == "perf":
        sent = send_by_perf_tool(file, payloads, bootstrap, topic)
    else:
        sent = SENDERS[way](file, bootstrap, topic)
    said = {name: value for name, value in sent.items() if name != "records"}
    sys.stdout.write(json.dumps(said | {"rows": sent["records"], "topic": topic, "compared": way != "perf"}) + "\n")


def _send_by_confluent(file: Path, bootstrap: str, topic: str) -> dict[str, float]:
    return send_ready(ready_records(file_source(file)), bootstrap, topic)


SENDERS: dict[str, Callable[[Path, str, str], dict[str, float]]] = {
    "ours": send_by_replay,
    "ours-2": partial(send_by_replay, processes=2),
    "plain": send_plainly,
    "confluent": _send_by_confluent,
}


def send_ready(ready: Sequence[tuple[bytes, bytes, Any]], bootstrap: str, topic: str) -> dict[str, float]:
    """Send records by librdkafka, and wait until all are confirmed.

    Raises:
        ContestError: one was not.
    """
    from confluent_kafka import Producer

    failed: list[str] = []

    def told(error: object, _: object) -> None:
        if error is not None:
            failed.append(str(error))

    producer = Producer(CONFLUENT | {"bootstrap.servers": bootstrap})
    began, cpu = time.monotonic(), own_cpu_seconds()
    for key, value, headers in ready:
        while True:
            try:
                producer.produce(topic, value, key, headers=headers, on_delivery=told)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush()
    if failed:
        msg = f"{len(failed):,} records were not delivered: {failed[0]}"
        raise ContestError(msg)
    return {"records": len(ready), "seconds": time.monotonic() - began, "cpu_seconds": own_cpu_seconds() - cpu}


def _proof(bootstrap: str, _: Path, said: Mapping[str, Any]) -> Proof | None:
    """What the topic holds: keys, values, headers and partitions, in any order."""
    if not said["compared"]:
        return None
    return topic_proof(bootstrap, str(said["topic"]))


def topic_proof(bootstrap: str, topic: str) -> Proof:
    """Records of a topic and a digest of them that no order changes."""
    from confluent_kafka import Consumer, TopicPartition

    ends = topic_state(bootstrap, topic).end
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "proof", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
    left, rows, digest = sum(ends.values()), 0, 0
    while rows < left:
        for message in consumer.consume(10_000, 1.0):
            held = repr((message.partition(), message.key(), message.value(), message.headers())).encode()
            digest += int.from_bytes(blake2b(held, digest_size=8).digest(), "big")
            rows += 1
    consumer.close()
    return Proof(rows, f"{digest % 2**64:x}")


if __name__ == "__main__":
    main()
