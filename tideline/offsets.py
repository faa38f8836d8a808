"""How far things are: the offsets that Kafka holds of a topic, and those that a bronze table holds. No Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from kafka import KafkaConsumer, TopicPartition

from tideline.errors import CheckpointError, TopicError
from tideline.kafka_admin import admin_client, answers
from tideline.settings import Settings
from tideline.topics import declared_topics

Offsets = Mapping[int, int]
"""Kafka offsets by partition."""


@dataclass(frozen=True)
class TopicState:
    """What Kafka holds of a topic.

    Attributes:
        name: the topic.
        id: Kafka's own id of it; a topic that is deleted and created again has another.
        first: per partition the first offset kept.
        end: per partition the offset that the next record gets.
    """

    name: str
    id: str
    first: Offsets
    end: Offsets


def read_topics(settings: Settings) -> dict[str, TopicState] | None:
    """The declared topics that exist, by name; None when nobody answers: here that is an answer, not an error."""
    if not answers(settings.kafka_bootstrap):
        return None
    with admin_client(settings.kafka_bootstrap) as client:
        present = set(client.list_topics())
    names = [topic.name for topic in declared_topics(settings) if topic.name in present]
    return {name: topic_state(settings.kafka_bootstrap, name) for name in names}


def topic_state(bootstrap: str, topic: str) -> TopicState:
    """Ask Kafka for a topic's offsets.

    Raises:
        TopicError: the topic does not exist.
        ServiceError: Kafka cannot be reached.
    """
    with admin_client(bootstrap) as client:
        if topic not in client.list_topics():
            msg = f"topic {topic} does not exist at {bootstrap}; `tideline up` creates it"
            raise TopicError(msg)
        described = client.describe_topics([topic])[0]
    found = [TopicPartition(topic, p["partition_index"]) for p in described["partitions"]]
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        first, end = consumer.beginning_offsets(found), consumer.end_offsets(found)
    finally:
        consumer.close()
    return TopicState(
        topic,
        str(described["topic_id"]),
        {tp.partition: first[tp] for tp in found},
        {tp.partition: end[tp] for tp in found},
    )


def check_same_topic(topic: TopicState, recorded: str | None, where: str) -> None:
    """A bronze table holds one topic's offsets; a topic of the same name that was created again counts from 0.

    Args:
        topic: what Kafka holds.
        recorded: the topic's id when the table was made; None if nobody wrote it down.
        where: the table's path.

    Raises:
        CheckpointError: it is another topic.
    """
    if recorded is not None and recorded != topic.id:
        msg = (
            f"topic {topic.name} has the id {topic.id}, but {where} was read from {recorded}: the topic was recreated; "
            "restore it, or set TIDELINE_WAREHOUSE to a new folder"
        )
        raise CheckpointError(msg)


def highest_offsets(table: DeltaTable, topic: str) -> dict[int, int]:
    """The highest offset per partition that a bronze table holds of a topic.

    A file of one partition answers by its statistics; a compacted file that mixes partitions is read, two columns of
    it, and only where it may hold something higher.
    """
    files = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    files = [f for f in files if f["num_records"] and f["min.topic"] <= topic <= f["max.topic"]]
    highest: dict[int, int] = {}
    mixed = []
    for file in files:
        if file["min.partition"] != file["max.partition"] or file["min.topic"] != file["max.topic"]:
            mixed.append(file)
            continue
        partition = file["min.partition"]
        highest[partition] = max(highest.get(partition, -1), file["max.offset"])
    for file in mixed:
        partitions = range(file["min.partition"], file["max.partition"] + 1)
        if any(file["max.offset"] > highest.get(p, -1) for p in partitions):
            _raise_from(table, file["path"], topic, highest)
    return highest


def _raise_from(table: DeltaTable, path: str, topic: str, highest: dict[int, int]) -> None:
    """Raise the highest offsets to those of one file."""
    fragments = {f.path: f for f in table.to_pyarrow_dataset().get_fragments()}
    rows = fragments[path].to_table(columns=["partition", "offset"], filter=pc.field("topic") == topic)
    for row in rows.group_by("partition").aggregate([("offset", "max")]).to_pylist():
        highest[row["partition"]] = max(highest.get(row["partition"], -1), row["offset_max"])
