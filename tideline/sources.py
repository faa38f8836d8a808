"""The sources of the lake, and what is named after them."""

from __future__ import annotations

from typing import Final

from tideline.settings import Settings

SOURCES: Final = ("tweets", "emissions")

COUNTS_QUERIES: Final = {source: f"live.{source}_counts" for source in SOURCES}
"""The streaming query that keeps a source's live counts; its checkpoint has its name."""

TOPIC_ID: Final = "tideline.topicId"
"""The property of a bronze table that holds Kafka's id of its topic."""


def topic_of(settings: Settings, source: str) -> str:
    """The topic that a source's records come from."""
    return settings.tweets_topic if source == "tweets" else settings.emissions_topic
