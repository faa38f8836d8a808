"""What a query may do at its start, judged from its checkpoint, its table, and the topic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streaming.bronze import EARLIEST, KafkaStart
from tideline.checkpoints import Checkpoint, first_version_needed
from tideline.errors import CheckpointError
from tideline.offsets import Offsets, TopicState

HasRecords = Callable[[int, int, int], bool]
"""Whether Kafka holds a readable record in (partition, from offset, to offset exclusive)."""


def plan_kafka_start(
    topic: TopicState, checkpoint: Checkpoint | None, bronze: Offsets, where: str, has_records: HasRecords
) -> KafkaStart:
    """Decide where bronze starts to read.

    Args:
        topic: what Kafka holds.
        checkpoint: see ``read_checkpoint``.
        bronze: the highest offset per partition that the table holds.
        where: the table's path, for messages.
        has_records: asked only where checkpoint and table differ.

    Returns:
        The start to give to Spark, which goes by the checkpoint where there is one.

    Raises:
        CheckpointError: topic, checkpoint and table cannot belong together, or records expired before they were read.
    """
    committed = _kafka_offsets(checkpoint.committed if checkpoint else None, topic.name)
    planned = _kafka_offsets(checkpoint.planned if checkpoint else None, topic.name)
    start = {}
    for partition in sorted({*topic.end, *bronze, *committed}):
        place = Place(f"topic {topic.name}, partition {partition}", where)
        following = bronze.get(partition, -1) + 1
        place.check_topic_reaches(following, topic.end.get(partition, 0))
        if partition in committed:
            place.check_topic_reaches(committed[partition], topic.end.get(partition, 0))
            place.check_not_behind(planned.get(partition, 0), following)
            if following < committed[partition] and has_records(partition, following, committed[partition]):
                place.refuse_missing_rows(committed[partition], following)
            following = max(following, committed[partition])
        if partition in committed or partition in bronze:
            place.check_not_expired(following, topic.first[partition])
        start[partition] = following if partition in committed or partition in bronze else EARLIEST
    return KafkaStart(topic.name, start)


@dataclass(frozen=True)
class Place:
    """One partition of a topic and the table that it lands in; refuses what cannot be."""

    name: str
    where: str

    def check_topic_reaches(self, following: int, end: int) -> None:
        """A topic does not end before what was read from it."""
        if following > end:
            msg = (
                f"{self.name}: {self.where} was read up to offset {following - 1}, but Kafka ends at {end - 1}: "
                "the topic was recreated or lost records; restore it, or set TIDELINE_WAREHOUSE to a new folder"
            )
            raise CheckpointError(msg)

    def check_not_behind(self, planned: int, following: int) -> None:
        """A checkpoint planned all that its table holds; an older copy would write rows twice or skip them."""
        if planned < following:
            msg = (
                f"{self.name}: the checkpoint had planned up to offset {planned - 1}, but {self.where} holds "
                f"{following - 1}: it is an old copy, or of another stream; remove it, and the stream continues after "
                "what the table holds"
            )
            raise CheckpointError(msg)

    def refuse_missing_rows(self, committed: int, following: int) -> None:
        """A table holds all that its checkpoint committed."""
        msg = (
            f"{self.name}: the checkpoint has committed offsets up to {committed - 1}, but {self.where} ends at "
            f"{following - 1}: rows are missing; remove the checkpoint, and the stream goes on after what bronze holds"
        )
        raise CheckpointError(msg)

    def check_not_expired(self, following: int, first: int) -> None:
        """Kafka still holds what comes next."""
        if following < first:
            msg = (
                f"{self.name}: offset {following} comes next for {self.where}, but Kafka keeps nothing before {first}: "
                f"{first - following} records expired before they were read; restore them, or set TIDELINE_WAREHOUSE "
                "to a new folder"
            )
            raise CheckpointError(msg)


def is_usable_live_checkpoint(checkpoint: Checkpoint | None, bronze_id: str, oldest_version: int) -> bool:
    """Whether a live query can go on from its checkpoint, or its table must be computed anew.

    Args:
        checkpoint: see ``read_checkpoint``.
        bronze_id: the Delta id of the bronze table as it is now.
        oldest_version: the oldest version that bronze's log still holds.
    """
    if checkpoint is None or checkpoint.planned is None or checkpoint.planned["reservoirId"] != bronze_id:
        return False
    needed = first_version_needed(checkpoint)
    return needed is not None and needed >= oldest_version


def _kafka_offsets(source: dict[str, Any] | None, topic: str) -> dict[int, int]:
    return {int(p): int(o) for p, o in (source or {}).get(topic, {}).items()}
