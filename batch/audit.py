"""The job ``audit``: proves that bronze holds each of Kafka's records once, and stops what follows when it does not.

It reads with ``deltalake`` and Kafka's own client, not with the Spark that wrote.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from deltalake import DeltaTable as DeltaLog

from batch.log import bronze_sources
from batch.offset_proof import Bounds, PartitionProof, prove_offsets
from tideline.coverage import read_coverage
from tideline.errors import AuditError
from tideline.lake import open_log, table_path
from tideline.offsets import TopicState, check_same_topic, read_topics
from tideline.readable import readable_ranges
from tideline.rows import append_rows
from tideline.settings import Settings
from tideline.sources import TOPIC_ID, topic_of

HOLDS = "holds"
HOLDS_ALONE = "holds by itself"
FAILS = "fails"
"""The verdicts; without Kafka, rows that have neither gap nor double prove themselves, but the lag stays unknown."""

AUDIT = "ops.audit"


@dataclass(frozen=True)
class Audited:
    """What was found of one partition; ``lag`` is None when Kafka did not answer."""

    table: str
    version: int
    topic: str
    partition: int
    rows: int
    missing: int
    unreadable: int
    doubled: int
    lag: int | None
    verdict: str


def audit(settings: Settings) -> list[Audited]:
    """Audit every bronze table at its newest version, and append what was found to ``ops.audit``.

    Raises:
        TableError: there is no bronze table at all.
        CheckpointError: a topic is not the one that its bronze table was read from.
        AuditError: an offset is missing or doubled; names all of them.
    """
    run_id, began = uuid.uuid4().hex, datetime.now(UTC)
    tables = {source: open_log(settings, f"bronze.{source}") for source in bronze_sources(settings)}
    # After bronze: so that what the stream lands meanwhile is lag, and not rows that Kafka does not have.
    topics = read_topics(settings)
    proofs = [
        (f"bronze.{source}", table.version(), proof)
        for source, table in tables.items()
        for proof in _prove(settings, source, table, topics)
    ]
    append_rows(settings, AUDIT, [{"run_id": run_id, "audited_at": began} | _row(*found) for found in proofs])
    _raise_if_unproven(run_id, proofs)
    return [_audited(*found) for found in proofs]


def _prove(
    settings: Settings, source: str, table: DeltaLog, topics: Mapping[str, TopicState] | None
) -> list[PartitionProof]:
    bounds: Bounds | None = None
    if topics is not None:
        topic = topics.get(topic_of(settings, source))
        if topic is not None:
            recorded = table.metadata().configuration.get(TOPIC_ID)
            check_same_topic(topic, recorded, table_path(settings, f"bronze.{source}"))
        bounds = {} if topic is None else {(topic.name, p): (topic.first[p], end) for p, end in topic.end.items()}
    return prove_offsets(read_coverage(table), bounds, partial(readable_ranges, settings.kafka_bootstrap))


def _raise_if_unproven(run_id: str, proofs: Sequence[tuple[str, int, PartitionProof]]) -> None:
    failures = [
        f"{table}, topic {proof.topic}, partition {proof.partition}: {problem}"
        for table, _, proof in proofs
        for problem in proof.problems
    ]
    if failures:
        msg = (
            f"{'; '.join(failures)}; nothing is made from it: restore the table, or stream into a new "
            f"TIDELINE_WAREHOUSE while Kafka has its records; all figures are in {AUDIT}, run_id {run_id}"
        )
        raise AuditError(msg)


def _verdict(proof: PartitionProof) -> str:
    if proof.problems:
        return FAILS
    return HOLDS if proof.kafka else HOLDS_ALONE


def _audited(table: str, version: int, proof: PartitionProof) -> Audited:
    row = _row(table, version, proof)
    return Audited(table, version, **{name: row[name] for name in _SHOWN})


def _row(table: str, version: int, proof: PartitionProof) -> dict[str, Any]:
    """The columns of ``ops.audit`` beside the run's own."""
    first, end = proof.kafka or (None, None)
    held = proof.coverage
    return {
        "table": table,
        "table_version": version,
        "topic": proof.topic,
        "partition": proof.partition,
        "first": held and held.first,
        "last": held and held.last,
        "rows": held.rows if held else 0,
        "offsets": held.offsets if held else 0,
        "missing": proof.missing,
        "unreadable": proof.unreadable,
        "doubled": proof.doubled,
        "kafka_first": first,
        "kafka_end": end,
        "lag": proof.lag,
        "verdict": _verdict(proof),
        "detail": "; ".join(proof.problems) or None,
    }


_SHOWN = ("topic", "partition", "rows", "missing", "unreadable", "doubled", "lag", "verdict")
