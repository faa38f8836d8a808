"""What Kafka holds, for those who only want to look: a broker that is not there is an answer, not an error."""

from __future__ import annotations

import socket

from cli.accounting import Offsets
from tideline.kafka_admin import admin_client
from tideline.offsets import topic_state
from tideline.settings import Settings
from tideline.topics import declared_topics


def read_offsets(settings: Settings) -> Offsets | None:
    """First and next offset per topic and partition of the declared topics that exist; null when nobody answers."""
    if not answers(settings.kafka_bootstrap):
        return None
    with admin_client(settings.kafka_bootstrap) as client:
        present = set(client.list_topics())
    topics = [topic.name for topic in declared_topics(settings) if topic.name in present]
    states = [topic_state(settings.kafka_bootstrap, topic) for topic in topics]
    return {(state.name, p): (state.first[p], end) for state in states for p, end in state.end.items()}


def answers(bootstrap: str) -> bool:
    """Whether something listens at the first of the addresses; Kafka's client waits long for a refused connection."""
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except (OSError, ValueError):
        return False
    return True
