"""Topics, declared in one place: partitions, retention, message size, Kafka's clock as the record time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource
from kafka.errors import TopicAlreadyExistsError

from tideline.errors import TopicError
from tideline.kafka_admin import admin_client
from tideline.settings import Settings

_TIME = "message.timestamp.type"


@dataclass(frozen=True)
class Topic:
    """A topic as Tideline declares it."""

    name: str
    partitions: int
    config: dict[str, str]


def declared_topics(settings: Settings) -> list[Topic]:
    """The topics of the lake, one per source.

    ``LogAppendTime`` makes the record's time the broker's: with the producer's own clock a record can be
    years old and fall behind every watermark.
    """
    config = {
        _TIME: "LogAppendTime",
        "retention.ms": str(settings.topic_retention_hours * 3_600_000),
        "max.message.bytes": str(1 << 20),
        "cleanup.policy": "delete",
    }
    return [
        Topic(name, settings.topic_partitions, config) for name in (settings.tweets_topic, settings.emissions_topic)
    ]


def create_topics(settings: Settings) -> list[str]:
    """Make the declared topics that are missing, and check all of them.

    Returns:
        The names of those that were made.

    Raises:
        ServiceError: Kafka does not answer.
        TopicError: a topic that was there differs from its declaration.
    """
    topics = declared_topics(settings)
    with admin_client(settings.kafka_bootstrap) as client:
        present = client.list_topics()
        missing = [topic for topic in topics if topic.name not in present]
        if missing:
            _create(client, missing)
        _check(client, topics, settings.kafka_bootstrap)
    return [topic.name for topic in missing]


def check_topics(settings: Settings) -> None:
    """Check that the declared topics are there as declared.

    Raises:
        ServiceError: Kafka does not answer.
        TopicError: names every topic that is missing or differs.
    """
    with admin_client(settings.kafka_bootstrap) as client:
        _check(client, declared_topics(settings), settings.kafka_bootstrap)


def _create(client: Any, topics: list[Topic]) -> None:
    wanted = {topic.name: {"num_partitions": topic.partitions, "configs": topic.config} for topic in topics}
    with suppress(TopicAlreadyExistsError):  # somebody was faster; whether it is as declared is checked next
        client.create_topics(wanted)
    client.wait_for_topics(list(wanted))


def _check(client: Any, topics: list[Topic], bootstrap: str) -> None:
    present = set(client.list_topics())
    problems = [f"topic {t.name} is missing: run tideline up" for t in topics if t.name not in present]
    there = [topic for topic in topics if topic.name in present]
    partitions = {t["name"]: len(t["partitions"]) for t in client.describe_topics([t.name for t in there])}
    for topic in there:
        problems += _differences(topic, partitions[topic.name], _timestamp_type(client, topic.name))
    if problems:
        msg = f"Kafka at {bootstrap}: {'; '.join(problems)}"
        raise TopicError(msg)


def _differences(topic: Topic, partitions: int, timestamp_type: str) -> list[str]:
    problems = []
    if partitions != topic.partitions:
        problems.append(
            f"topic {topic.name} has partitions {partitions}, wanted {topic.partitions}: "
            f"set TIDELINE_TOPIC_PARTITIONS={partitions} or name another topic"
        )
    if timestamp_type != topic.config[_TIME]:
        problems.append(
            f"topic {topic.name} has {_TIME} {timestamp_type}, wanted {topic.config[_TIME]}: name another "
            "topic, since the records in this one carry their producers' times"
        )
    return problems


def _timestamp_type(client: Any, name: str) -> str:
    described = client.describe_configs([ConfigResource("TOPIC", name, {_TIME: None})], config_filter="all")
    return str(described["topic"][name][_TIME]["value"])
