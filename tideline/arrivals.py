"""What came in by hour, from bronze's rows alone: how many, how many of them bad, and when. Pure, without Spark.

An hour is one of the records' event time or of Kafka's clock. Parts add up in any order, so batches of any cut give the
same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

HOUR_US: Final = 3_600_000_000
"""Microseconds of an hour."""

EVENT: Final = "event"
KAFKA: Final = "kafka"

COLUMNS: Final = {
    "tweets": ("kafka_timestamp", "reasons", "event_time"),
    "emissions": ("kafka_timestamp", "reasons"),
}
"""What is read of a source's bronze table."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Arrivals:
    """One row per hour in which anything came, by one clock.

    Attributes:
        hours: hours since 1970, UTC, rising.
        records: bronze rows of the hour.
        quarantined: those with a reason.
        first: Kafka's time of the earliest of them, microseconds since 1970.
        last: that of the latest.
    """

    hours: Ints
    records: Ints
    quarantined: Ints
    first: Ints
    last: Ints

    def __add__(self, other: Arrivals) -> Arrivals:
        """Both together."""
        hours, place = np.unique(np.concatenate([self.hours, other.hours]), return_inverse=True)
        pairs = [np.concatenate(pair) for pair in zip(self._figures(), other._figures(), strict=True)]
        return Arrivals(hours, *_combine(len(hours), place, *pairs))

    def of_hours(self, hours: Ints) -> Arrivals:
        """The rows of these hours, all of which it has."""
        place = np.searchsorted(self.hours, hours)
        return Arrivals(hours, *(figure[place] for figure in self._figures()))

    def since(self, place: int) -> Arrivals:
        """The rows from a place on."""
        return Arrivals(self.hours[place:], *(figure[place:] for figure in self._figures()))

    def _figures(self) -> tuple[Ints, Ints, Ints, Ints]:
        return self.records, self.quarantined, self.first, self.last


def _no_hours() -> Arrivals:
    return Arrivals(*(np.empty(0, dtype=np.int64) for _ in range(5)))


NO_ARRIVALS: Final = _no_hours()

Clocks = dict[str, Arrivals]
"""A source's arrivals by clock."""


def no_clocks(source: str) -> Clocks:
    """The clocks of a source before anything came: emission rows carry only a date, their hours are Kafka's."""
    return dict.fromkeys((EVENT, KAFKA) if source == "tweets" else (KAFKA,), NO_ARRIVALS)


def count_arrivals(rows: pa.Table, source: str) -> Clocks:
    """Count bronze rows by hour: all of them by Kafka's clock, the valid ones of tweets by their own time, too.

    Args:
        rows: the columns ``COLUMNS`` of some bronze rows.
        source: tweets or emissions.
    """
    received, bad = _micros(rows["kafka_timestamp"]), _numpy(pc.list_value_length(rows["reasons"])) > 0
    counted = {KAFKA: _count(received // HOUR_US, received, bad)}
    if source == "tweets":
        good = rows.filter(pa.array(~bad))
        received = _micros(good["kafka_timestamp"])
        counted[EVENT] = _count(_micros(good["event_time"]) // HOUR_US, received, np.zeros(len(received), dtype=bool))
    return counted


def add_clocks(one: Clocks, other: Clocks) -> Clocks:
    """The arrivals of two parts of bronze together."""
    return {clock: one[clock] + other[clock] for clock in one}


def arrivals_rows(clocks: Clocks) -> pa.Table:
    """The columns of ``live.*_arrivals``."""
    return pa.concat_tables(_rows(clock, arrivals) for clock, arrivals in clocks.items())


def parse_arrivals(rows: pa.Table, source: str) -> Clocks:
    """What ``arrivals_rows`` wrote."""
    found = {}
    for clock in no_clocks(source):
        own = rows.filter(pc.equal(rows["clock"], clock)).sort_by("window_start")
        times = (_micros(own[name]) for name in ("first_received", "last_received"))
        hours = _micros(own["window_start"]) // HOUR_US
        found[clock] = Arrivals(hours, *(_numpy(own[name]) for name in ("records", "quarantined")), *times)
    return found


def changed_hours(before: Arrivals, after: Arrivals) -> Arrivals:
    """The rows of ``after`` that ``before`` has not, or has with other figures."""
    place = np.searchsorted(before.hours, after.hours)
    known = np.zeros(len(after.hours), dtype=bool)
    inside = place < len(before.hours)
    known[inside] = before.hours[place[inside]] == after.hours[inside]
    same = known.copy()
    for old, new in zip(before._figures(), after._figures(), strict=True):
        same[known] &= old[place[known]] == new[known]
    figures = (after.hours, *after._figures())
    return Arrivals(*(figure[~same] for figure in figures))


def _rows(clock: str, arrivals: Arrivals) -> pa.Table:
    times = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "clock": pa.array([clock] * len(arrivals.hours), pa.string()),
            "window_start": pa.array(arrivals.hours * HOUR_US, times),
            "records": arrivals.records,
            "quarantined": arrivals.quarantined,
            "first_received": pa.array(arrivals.first, times),
            "last_received": pa.array(arrivals.last, times),
        }
    )


def _count(hours: Ints, received: Ints, bad: npt.NDArray[np.bool_]) -> Arrivals:
    known, place = np.unique(hours, return_inverse=True)
    ones = np.ones(len(hours), dtype=np.int64)
    return Arrivals(known, *_combine(len(known), place, ones, bad.astype(np.int64), received, received))


def _combine(
    count: int, place: npt.NDArray[np.intp], records: Ints, quarantined: Ints, first: Ints, last: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Add up and find the earliest and the latest of all rows of each place."""
    limits = np.iinfo(np.int64)
    sums = [np.zeros(count, dtype=np.int64) for _ in range(2)]
    earliest, latest = np.full(count, limits.max), np.full(count, limits.min)
    np.add.at(sums[0], place, records)
    np.add.at(sums[1], place, quarantined)
    np.minimum.at(earliest, place, first)
    np.maximum.at(latest, place, last)
    return sums[0], sums[1], earliest, latest


def _micros(column: Any) -> Ints:
    return _numpy(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()))


def _numpy(column: Any) -> Ints:
    return np.asarray(column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy())
