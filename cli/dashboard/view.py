"""What all viewers of the page share: the lake, what is known of bronze, and what Kafka said last."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kafka.errors import KafkaError

from batch.offset_proof import Bounds
from cli.dashboard.bronze import Bronze
from cli.dashboard.compactions import Compactions
from cli.dashboard.figures import PartitionLine, partition_lines
from cli.dashboard.live_lake import LiveLake
from cli.kafka import read_offsets
from cli.report.data import BRONZE
from cli.report.freshness import CommitWait
from tideline.errors import StoreError, TableError, TidelineError
from tideline.kafka_admin import answers
from tideline.s3 import endpoint_url
from tideline.settings import S3A, Settings

KAFKA_SECONDS = 10.0
"""Kafka is asked no more often: its client connects anew each time, which costs more than a look at the tables."""


@dataclass
class View:
    """The lake as of the last look."""

    lake: LiveLake
    bronze: dict[str, Bronze] = field(default_factory=lambda: {name: Bronze(name) for name in BRONZE})
    compactions: Compactions = field(default_factory=Compactions)
    _ends: Bounds | None = None
    _asked_at: float = -KAFKA_SECONDS

    def look(self) -> list[str]:
        """Read what is new in bronze and in Kafka.

        Returns:
            What cannot be read, one sentence each.

        Raises:
            StoreError: the store does not answer at all.
        """
        check_store(self.lake.settings)
        problems = []
        with self.lake.lock:
            for bronze in self.bronze.values():
                try:
                    bronze.look(self.lake)
                except (TableError, StoreError) as problem:
                    problems.append(str(problem))
            if time.monotonic() - self._asked_at >= KAFKA_SECONDS:
                self._ends, self._asked_at = _ends(self.lake.settings), time.monotonic()
        return problems

    @property
    def waits(self) -> list[CommitWait]:
        """How long the records of the newest bronze commits had waited, by table, oldest commit first."""
        return [wait for bronze in self.bronze.values() for wait in bronze.waits]

    @property
    def partitions(self) -> list[PartitionLine]:
        """Bronze against Kafka, by topic and partition."""
        ends = None if self._ends is None else {place: end for place, (_, end) in self._ends.items()}
        return partition_lines([bronze.verdicts for bronze in self.bronze.values()], ends)


def check_store(settings: Settings) -> None:
    """See whether the store of the tables answers: one that does not would be waited for at each table anew.

    Raises:
        StoreError: it does not.
    """
    url = endpoint_url(settings)
    if url is None or not settings.warehouse.startswith(S3A):
        return
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not answers(f"{parts.hostname}:{port}"):
        msg = f"the store {url} does not answer: `tideline up --s3` starts the embedded one"
        raise StoreError(msg)


def _ends(settings: Settings) -> Bounds | None:
    """What Kafka holds; null while it does not answer, also when it falls silent in the middle."""
    try:
        return read_offsets(settings)
    except (TidelineError, KafkaError):
        return None
