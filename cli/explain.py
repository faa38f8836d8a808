"""What a verdict rests on, gathered from the tables and worked out anew: for ``tideline anomalies explain``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from cli.lake import Lake
from tideline.arrivals import KAFKA, Arrivals, Clocks, no_clocks, parse_arrivals
from tideline.errors import TableError
from tideline.hour_verdicts import clock_of, counts_of, judged_span
from tideline.lake import open_log
from tideline.schemas import TABLES
from tideline.sources import ARRIVALS, HOUR_VERDICTS, SOURCES
from tideline.verdicts import (
    QUARANTINE,
    QUARANTINE_HOURS,
    Counts,
    Verdict,
    hour_of,
    judge_counts,
    judge_quarantine,
    time_of,
)
from tideline.windows import DAY, HOUR, WEEK, rules_of, windows_of

SHARES_SHOWN = 24
"""Of the hours that a share is compared with so many are shown."""

_ORDER = "select * from t order by window_start desc, abs(score) desc, id"


@dataclass(frozen=True)
class Sample:
    """A window and its value.

    Attributes:
        start: when it begins.
        value: its count or share.
        counts: whether the baseline is made of it.
    """

    start: datetime
    value: float
    counts: bool


@dataclass(frozen=True)
class Explanation:
    """A verdict with all that it rests on.

    Attributes:
        row: as it is stored.
        source: tweets or emissions.
        samples: the earlier windows, oldest first.
        hidden: how many more, older ones the baseline is made of.
        now: the verdict worked out anew from the counts as they stand.
    """

    row: dict[str, Any]
    source: str
    samples: list[Sample]
    hidden: int
    now: Verdict


@dataclass(frozen=True)
class Span:
    """From which hour to which a source's hours are judged; None where none is."""

    source: str
    closed: tuple[datetime, datetime] | None
    judged: tuple[datetime, datetime] | None


def read_verdicts(lake: Lake) -> list[dict[str, Any]]:
    """All verdicts, the newest windows first."""
    rows = [row for name in HOUR_VERDICTS.values() for row in lake.rows(name, _ORDER)]
    return sorted(rows, key=lambda row: (row["window_start"], abs(row["score"])), reverse=True)


def read_span(lake: Lake, source: str) -> Span:
    """Which hours of a source are closed, and which of them have enough earlier weeks for a verdict."""
    arrivals = _clocks(lake, source)[clock_of(source)]
    judged = judged_span(arrivals, rules_of(lake.settings))
    # The newest hour is the only one that is open.
    closed = (int(arrivals.hours[0]), int(arrivals.hours[-1]) - 1) if len(arrivals.hours) > 1 else None
    return Span(source, _times(closed), _times(judged))


def explain(lake: Lake, verdict: str) -> Explanation:
    """Gather what a verdict rests on.

    Args:
        lake: the tables.
        verdict: the beginning of its id.

    Raises:
        TableError: there is none of this id, or more than one.
    """
    found = {row["id"]: row for row in read_verdicts(lake) if row["id"].startswith(verdict)}
    if len(found) != 1:
        what = f"ids {', '.join(sorted(found)[:5])} begin with it" if found else "none begins with it"
        msg = f"{verdict!r} is no id of a verdict: {what}; tideline anomalies list --state all shows them"
        raise TableError(msg)
    row = next(iter(found.values()))
    source = next(name for name in SOURCES if row["entity"].split(" ")[0] == name)
    shares = row["rule"] == QUARANTINE
    return _explain_share(lake, source, row) if shares else _explain_count(lake, source, row)


def _explain_count(lake: Lake, source: str, row: dict[str, Any]) -> Explanation:
    rules, hour, width = rules_of(lake.settings), hour_of(row["window_start"]), row["hours"]
    windows = windows_of(_clocks(lake, source)[clock_of(source)], width, rules)
    windows = windows.only(windows.hours == hour)
    counts = _counts(lake, source, hour // DAY * DAY - rules.weeks * WEEK, hour // DAY * DAY + DAY)
    watched = frozenset([(row["rule"], row["entity"], hour, width)])
    judged = judge_counts(windows, counts, rules, watched)
    now = [verdict for verdict in judged if (verdict.rule, verdict.entity) == (row["rule"], row["entity"])]
    if not now:
        msg = f"{row['id']} cannot be explained: it is a verdict on an hour that is open; run tideline rebuild"
        raise TableError(msg)
    weeks = range(rules.weeks, 0, -1)
    samples = [
        Sample(time_of(hour - week * WEEK), _value(counts, row["entity"], hour - week * WEEK, width), bool(usable))
        for week, usable in zip(weeks, windows.usable[0][::-1], strict=True)
    ]
    return Explanation(row, source, samples, 0, now[0])


def _explain_share(lake: Lake, source: str, row: dict[str, Any]) -> Explanation:
    arrivals, hour = _clocks(lake, source)[KAFKA], hour_of(row["window_start"])
    watched = frozenset([(QUARANTINE, source, hour, HOUR)])
    rules = rules_of(lake.settings)
    now = [v for v in judge_quarantine(arrivals, source, rules, hour, watched) if v.hour == hour]
    if not now:
        msg = f"{row['id']} cannot be explained: nothing came in that hour any more; run tideline rebuild"
        raise TableError(msg)
    before = _before(arrivals, hour)
    shares = before.quarantined / np.maximum(before.records, 1)
    samples = [Sample(time_of(int(h)), float(s), counts=True) for h, s in zip(before.hours, shares, strict=True)]
    return Explanation(row, source, samples[-SHARES_SHOWN:], max(0, len(samples) - SHARES_SHOWN), now[0])


def _before(arrivals: Arrivals, hour: int) -> Arrivals:
    """The hours that an hour's share is compared with."""
    end = int(np.searchsorted(arrivals.hours, hour))
    return arrivals.of_hours(arrivals.hours[max(0, end - QUARANTINE_HOURS) : end])


def _value(counts: Counts, entity: str, hour: int, width: int) -> float:
    own = (counts.entity == counts.entities.index(entity)) & (counts.hours >= hour) & (counts.hours < hour + width)
    return float(counts.counts[own].sum())


def _counts(lake: Lake, source: str, first: int, end: int) -> Counts:
    name = f"live.{source.removesuffix('s')}_counts_hourly"
    span = [("window_start", ">=", time_of(first)), ("window_start", "<", time_of(end))]
    rows: pa.Table = open_log(lake.settings, name).to_pyarrow_table(filters=span)
    dimensions = lake.settings.tweet_dimensions if source == "tweets" else lake.settings.emission_dimensions
    return counts_of(rows, source, [d for d in TABLES[name].key[1:] if d in dimensions])


def _clocks(lake: Lake, source: str) -> Clocks:
    name = ARRIVALS[source]
    return (
        parse_arrivals(open_log(lake.settings, name).to_pyarrow_table(), source)
        if lake.exists(name)
        else no_clocks(source)
    )


def _times(hours: tuple[int, int] | None) -> tuple[datetime, datetime] | None:
    return None if hours is None else (time_of(hours[0]), time_of(hours[1]))
