"""A lake of a test's own beside the shared broker, records sent straight to its topics, and the stream run on it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kafka import KafkaProducer
from pyspark.sql import SparkSession

from streaming.app import prepare
from streaming.supervisor import drain
from tideline.settings import Settings
from tideline.topics import create_topics

Record = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value, headers."""


def own_lake(settings: Settings, home: Path, **changes: object) -> Settings:
    """The shared broker, but topics, tables and checkpoints of one's own."""
    name = home.name
    own = replace(
        settings,
        **{
            "home": home,
            "warehouse": "",
            "checkpoints": "",
            "tweets_topic": f"tweets-{name}",
            "emissions_topic": f"emissions-{name}",
            **changes,
        },
    )
    create_topics(own)
    return own


def send(settings: Settings, topic: str, records: Sequence[Record]) -> None:
    """Send records and wait until all are in Kafka."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    for key, value, headers in records:
        producer.send(topic, key=key, value=value, headers=headers)
    producer.flush()
    producer.close()


def stream_now(spark: SparkSession, settings: Settings, *sources: str) -> None:
    """Run the queries of these sources until all is drained, in this process."""
    drain(prepare(spark, settings, sources), threading.Event(), print)


def start_stream(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """Start the stream as a process of its own; its output is a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "streaming", *arguments],
        env=settings.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )


def own_s3_lake(settings: Settings, minio: Settings, home: Path, **changes: object) -> Settings:
    """The shared broker and the shared MinIO, but topics, tables and checkpoints of one's own."""
    return own_lake(on_s3(settings, minio, home.name), home, warehouse=f"{minio.warehouse}/{home.name}", **changes)


def on_s3(settings: Settings, minio: Settings, prefix: str) -> Settings:
    """The same, with tables and checkpoints in the shared MinIO."""
    store = {name: getattr(minio, name) for name in ("s3_endpoint", "s3_access_key", "s3_secret_key")}
    return replace(settings, warehouse=f"{minio.warehouse}/{prefix}", checkpoints="", **store)
