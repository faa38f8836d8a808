"""What Kafka holds, for those who only want to look."""

from __future__ import annotations

from batch.offset_proof import Bounds
from tideline.offsets import read_topics
from tideline.settings import Settings


def read_offsets(settings: Settings) -> Bounds | None:
    """First and next offset per topic and partition of the declared topics that exist; null when nobody answers."""
    topics = read_topics(settings)
    if topics is None:
        return None
    return {(state.name, p): (state.first[p], end) for state in topics.values() for p, end in state.end.items()}
