"""What Spark says of a finished batch, as the row of ``ops.progress`` and of the metrics. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

OBSERVED = "verdicts"
"""The name under which a bronze query reports what it counts on the way: see ``observations`` in ``bronze``."""


@dataclass(frozen=True)
class State:
    """What an operator of a stateful query did in a batch, and the memory that its state has."""

    operator: str
    bytes: int
    rows_written: int
    rows_removed: int
    late_rows: int


@dataclass(frozen=True)
class Batch:
    """A finished batch.

    Attributes:
        query: its query's name.
        run_id: tells a query's starts apart; a batch that a crash ended is run again under its number.
        number: of the batch; rises over all runs of a checkpoint.
        finished: when its rows were visible: its start and Spark's durations, but for the notes taken after the commit.
        seconds: how long it took, from looking for new data to the last note.
        rows: what it read.
        quarantined: rows with reasons; None but for bronze.
        lag: by Kafka partition, the records that were there when it began and that it left; empty but for bronze.
        oldest, newest: Kafka's times of its first and last record; None where the query does not say.
        states: of each stateful operator.
    """

    query: str
    run_id: str
    number: int
    finished: datetime
    seconds: float
    rows: int
    quarantined: int | None
    lag: Mapping[tuple[str, int], int]
    oldest: datetime | None
    newest: datetime | None
    states: tuple[State, ...]

    @property
    def valid(self) -> int | None:
        """Rows without reasons; None but for bronze."""
        return None if self.quarantined is None else self.rows - self.quarantined

    @property
    def oldest_seconds(self) -> float | None:
        """How long after Kafka received its oldest record that was visible."""
        return None if self.oldest is None else (self.finished - self.oldest).total_seconds()

    @property
    def newest_seconds(self) -> float | None:
        """How long after Kafka received its newest record that was visible."""
        return None if self.newest is None else (self.finished - self.newest).total_seconds()

    def to_row(self, commit_retries: int) -> dict[str, Any]:
        """The row of ``ops.progress``.

        Args:
            commit_retries: commits to the query's tables that were tried again since its last batch.
        """
        return {
            "finished_at": self.finished,
            "query": self.query,
            "run_id": self.run_id,
            "batch": self.number,
            "seconds": self.seconds,
            "rows": self.rows,
            "valid": self.valid,
            "quarantined": self.quarantined,
            "lag": sum(self.lag.values()) if self.lag else None,
            "partition_lag": [{"partition": p, "lag": left} for (_, p), left in sorted(self.lag.items())] or None,
            "oldest_seconds": self.oldest_seconds,
            "newest_seconds": self.newest_seconds,
            "late_rows": sum(s.late_rows for s in self.states) if self.states else None,
            "state_bytes": sum(s.bytes for s in self.states) if self.states else None,
            "state_rows_written": sum(s.rows_written for s in self.states) if self.states else None,
            "state_rows_removed": sum(s.rows_removed for s in self.states) if self.states else None,
            "commit_retries": commit_retries,
        }


def parse_progress(progress: Mapping[str, Any]) -> Batch:
    """The batch that a progress report of Spark speaks of.

    Args:
        progress: the JSON of a ``StreamingQueryProgress``.
    """
    durations = progress["durationMs"]
    took = durations["triggerExecution"]
    # Spark leaves out what is empty. A stateful batch's event times are Kafka's: the outermost watermark is on them.
    observed = progress.get("observedMetrics", {}).get(OBSERVED)
    times = progress.get("eventTime", {})
    return Batch(
        query=progress["name"],
        run_id=progress["runId"],
        number=progress["batchId"],
        finished=_time(progress["timestamp"]) + timedelta(milliseconds=took - durations.get("commitOffsets", 0)),
        seconds=took / 1000,
        rows=progress["numInputRows"],
        quarantined=observed["quarantined"] if observed else None,
        lag={place: left for source in progress["sources"] for place, left in _lag(source).items()},
        oldest=_milliseconds(observed["oldest"]) if observed else _optional_time(times.get("min")),
        newest=_milliseconds(observed["newest"]) if observed else _optional_time(times.get("max")),
        states=tuple(_state(operator) for operator in progress["stateOperators"]),
    )


def _lag(source: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    if not source["description"].startswith("Kafka") or not source["latestOffset"]:
        return {}
    return {
        (topic, int(partition)): max(latest - source["endOffset"][topic][partition], 0)
        for topic, partitions in source["latestOffset"].items()
        for partition, latest in partitions.items()
        # A partition that was added after the batch was planned has no end in it.
        if partition in source["endOffset"].get(topic, {})
    }


def _state(operator: Mapping[str, Any]) -> State:
    return State(
        operator["operatorName"],
        operator["memoryUsedBytes"],
        operator["numRowsUpdated"],
        operator["numRowsRemoved"],
        operator["numRowsDroppedByWatermark"],
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _optional_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _milliseconds(number: int | None) -> datetime | None:
    return None if number is None else datetime.fromtimestamp(number / 1000, UTC)
