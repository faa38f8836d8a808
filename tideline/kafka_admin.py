"""The one way to talk to Kafka's administration."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tideline.errors import ServiceError

_TIMEOUT_MS = 5_000


@contextmanager
def admin_client(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """Connect to a cluster for the length of a block.

    Args:
        bootstrap: ``host:port``, several separated by commas.

    Raises:
        ServiceError: nobody answers there.
    """
    try:
        client = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=_TIMEOUT_MS)
    except KafkaError as error:
        msg = f"Kafka does not answer at {bootstrap}: run tideline up, or set TIDELINE_KAFKA_BOOTSTRAP"
        raise ServiceError(msg) from error
    try:
        yield client
    finally:
        client.close()


def answers(bootstrap: str) -> bool:
    """Whether something listens at one of the addresses; Kafka's client waits long for a refused connection."""
    return any(_listens(address) for address in bootstrap.split(","))


def _listens(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except (OSError, ValueError):
        return False
    return True
