"""The Kafka client: its settings, with the reasons, and what a topic looks like from here."""

from __future__ import annotations

from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from tideline.errors import ServiceError, TopicError
from tideline.kafka_admin import admin_client

_FOREVER_MS = 2**31 - 1


def partition_count(bootstrap: str, topic: str) -> int:
    """How many partitions a topic has.

    Raises:
        ServiceError: Kafka does not answer.
        TopicError: there is no such topic.
    """
    with admin_client(bootstrap) as client:
        if topic not in client.list_topics():
            msg = f"topic {topic} does not exist at {bootstrap}; `tideline up` creates the declared ones"
            raise TopicError(msg)
        return len(client.describe_topics([topic])[0]["partitions"])


def open_producer(bootstrap: str) -> Any:
    """An idempotent producer that keeps the order of each partition.

    Raises:
        ServiceError: Kafka does not answer.
    """
    try:
        return KafkaProducer(
            bootstrap_servers=bootstrap.split(","),
            client_id="tideline-producer",
            enable_idempotence=True,
            acks="all",
            # One batch per partition is under way at a time, so throughput is batch size per round trip.
            batch_size=128 << 10,
            linger_ms=10,
            max_request_size=1 << 20,
            # The client would drop an overdue batch and send the next: a hole that no resume could see.
            # Delivery counts the time itself, and stops the whole run.
            delivery_timeout_ms=_FOREVER_MS,
            # Nobody reads them, and counting takes a tenth of a small request's CPU.
            metrics_enabled=False,
        )
    except KafkaError as error:
        raise ServiceError(_unreachable(bootstrap)) from error


def open_consumer(bootstrap: str) -> Any:
    """A consumer without a group, for looking back.

    Raises:
        ServiceError: Kafka does not answer.
    """
    try:
        return KafkaConsumer(
            bootstrap_servers=bootstrap.split(","),
            client_id="tideline-producer",
            group_id=None,
            enable_auto_commit=False,
            # In pure Python the checksum costs twice what reading does, and the broker checked it.
            check_crcs=False,
            max_partition_fetch_bytes=4 << 20,
        )
    except KafkaError as error:
        raise ServiceError(_unreachable(bootstrap)) from error


def _unreachable(bootstrap: str) -> str:
    return f"Kafka does not answer at {bootstrap}: run tideline up, or set TIDELINE_KAFKA_BOOTSTRAP"
