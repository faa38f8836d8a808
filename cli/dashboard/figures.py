"""The few figures at the head of the page. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from cli.report.freshness import CommitWait
from cli.verdicts import Place, Verdicts

Rows = list[dict[str, Any]]

RECENT = 20
"""Newest commits of a table whose waits make the freshness: about two minutes of a stream."""


@dataclass(frozen=True)
class PartitionLine:
    """A partition as bronze and Kafka see it; ``end`` and ``lag`` are null where Kafka does not answer."""

    topic: str
    partition: int
    rows: int
    valid: int
    quarantined: int
    highest: int | None
    end: int | None

    @property
    def lag(self) -> int | None:
        """Offsets above bronze's highest one; bronze may have read on since Kafka was asked."""
        return None if self.end is None else max(0, self.end - 1 - (-1 if self.highest is None else self.highest))

    @property
    def judged(self) -> bool:
        """Whether every row is either valid or in quarantine."""
        return self.rows == self.valid + self.quarantined


def partition_lines(verdicts: Sequence[Verdicts], ends: Mapping[Place, int] | None) -> list[PartitionLine]:
    """A line for each partition that bronze or Kafka knows, by topic."""
    found = {place: one for one in verdicts for place in one.rows}
    return [
        PartitionLine(
            *place,
            rows=found[place].rows[place] if place in found else 0,
            valid=found[place].valid[place] if place in found else 0,
            quarantined=found[place].quarantined[place] if place in found else 0,
            highest=found[place].highest.get(place) if place in found else None,
            end=None if ends is None else ends.get(place),
        )
        for place in sorted({*found, *(ends or {})})
    ]


def total_lag(lines: Sequence[PartitionLine]) -> int | None:
    """Records that Kafka has and bronze has not; null where Kafka does not answer."""
    lags = [line.lag for line in lines if line.lag is not None]
    return sum(lags) if lags else None


@dataclass(frozen=True)
class Freshness:
    """Seconds from Kafka's receipt of a record to the commit that shows it, over the newest commits of all tables.

    ``typical`` and ``worst`` are median and maximum over the commits' oldest records.
    """

    typical: float
    worst: float
    newest_commit: datetime


def freshness(waits: Sequence[Sequence[CommitWait]]) -> Freshness | None:
    """The freshness over the newest commits of each table; null where there is none."""
    recent = [wait for table in waits for wait in list(table)[-RECENT:]]
    if not recent:
        return None
    seconds = [wait.oldest_wait for wait in recent]
    return Freshness(median(seconds), max(seconds), max(wait.committed_at for wait in recent))


def ago(since: datetime, now: datetime) -> str:
    """How long ago something was, in the unit that a reader would choose.

    >>> from datetime import UTC, timedelta
    >>> now = datetime(2024, 3, 1, tzinfo=UTC)
    >>> ago(now - timedelta(seconds=7), now), ago(now - timedelta(hours=30), now)
    ('7 s ago', '30 h ago')
    """
    seconds = max(0.0, (now - since).total_seconds())
    for unit, length, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * length:
            return f"{math.floor(seconds / length)} {unit} ago"
    return f"{math.floor(seconds / 86400)} days ago"


def seconds_text(seconds: float) -> str:
    """A wait as a reader wants it.

    >>> seconds_text(4.25), seconds_text(90.0), seconds_text(90000.0)
    ('4.2 s', '1.5 min', '25.0 h')
    """
    for unit, length, most in (("s", 1, 60), ("min", 60, 120)):
        if seconds < most * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 3600:,.1f} h"
