"""Hours and days that stand out: plain functions from hourly counts to verdicts. They read and write nothing.

A window (an hour, or a day of UTC) is compared with the same window of earlier weeks, the share of quarantined records
with that of the hours before. ``docs/anomalies.md`` has the formulas, and how often they err.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from tideline.arrivals import HOUR_US, Arrivals, Ints
from tideline.windows import DAY, HOUR, Flags, Rules, Windows, first_after

VERSION: Final = 1
"""Raised when the rules change; each verdict carries its own."""

COUNT: Final = "unusual count"
SILENCE: Final = "silence"
QUARANTINE: Final = "quarantine share"

MAD_TO_DEVIATION: Final = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""

QUARANTINE_HOURS: Final = 168
"""A share is compared with those of so many hours before it in which anything came."""

QUARANTINE_LEAST_HOURS: Final = 24
"""With fewer there is no verdict."""

_CELLS: Final = 4_000_000
"""So many samples are looked at in one go: bounds memory, changes nothing."""

Floats = npt.NDArray[np.float64]
Watched = tuple[str, str, int, int]
"""Rule, entity, first hour and length of a window whose verdict is wanted whatever it is."""


@dataclass(frozen=True)
class Judged:
    """What a window was found to be: arrays of one shape."""

    baseline: Floats
    spread: Floats
    score: Floats
    flagged: Flags

    def at(self, places: tuple[Ints, Ints]) -> Judged:
        """What was found at these places of the last two axes."""
        own = (slice(None), *places)
        return Judged(self.baseline[own], self.spread[own], self.score[own], self.flagged[own])


@dataclass(frozen=True)
class Verdict:
    """One verdict, with the numbers behind it.

    Attributes:
        hour: the window's first hour, since 1970.
        width: its length in hours.
        history: how many earlier windows the baseline is made of.
        closed_at: Kafka's time of the first record of a later hour.
        last_judged: Kafka's time of the newest record that the verdict rests on.
        holds: whether the window stands out by this rule.
    """

    rule: str
    entity: str
    hour: int
    width: int
    value: float
    baseline: float
    spread: float
    score: float
    threshold: float
    history: int
    closed_at: datetime
    last_judged: datetime
    holds: bool

    @property
    def id(self) -> str:
        """Short and stable: the same for this rule, entity and window for ever."""
        return verdict_id(self.rule, self.entity, self.hour, self.width)


def verdict_id(rule: str, entity: str, hour: int, width: int) -> str:
    """The id of a verdict.

    >>> verdict_id("silence", "tweets", 439_741, 1)
    'dac263663f'
    """
    return hashlib.sha256(f"{rule}|{entity}|{hour}|{width}".encode()).hexdigest()[:10]


def time_of(hour: int) -> datetime:
    """The start of an hour since 1970.

    >>> time_of(439_741)
    datetime.datetime(2020, 3, 1, 13, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)


def judge(values: Floats, samples: Floats, usable: Flags, rules: Rules) -> Judged:
    """Compare the counts of the windows of some days with those of the same windows in earlier weeks.

    The baseline is the samples' median. What counts vary by without a cause is Poisson's variance, at least 1, and
    ``noise`` on top of it. Where the earlier weeks varied more, the spread is theirs: the larger of the window's own
    robust deviation (1.4826 MAD) and of that of all windows of the day together, in units of what was expected, for a
    few samples alone may agree by chance. The baseline itself is uncertain, by the median's variance: that of a sample
    times π/2k.

    Args:
        values: the counts; the last axis are the windows of a day.
        samples: those of the earlier weeks, along one more axis.
        usable: which samples count: a shape that fits.
        rules: thresholds.
    """
    middle, known = median(samples, usable)
    distance = np.abs(samples - middle[..., None])
    deviation, _ = median(distance, usable)
    expected = np.maximum(middle, 1.0) + (rules.noise * middle) ** 2
    of_day = (distance / np.sqrt(expected)[..., None]).reshape(*samples.shape[:-2], 1, -1)
    together, _ = median(of_day, np.broadcast_to(usable, samples.shape).reshape(of_day.shape))
    # A sample is nearer to the median of a few that it is one of than a new one will be.
    nearer = known / np.maximum(known - 1, 1)
    usual = np.maximum((MAD_TO_DEVIATION * together) ** 2 * nearer, 1.0) * expected
    variance = np.maximum((MAD_TO_DEVIATION * deviation) ** 2, usual)
    spread: Floats = np.sqrt(variance * (1 + np.pi / (2 * np.maximum(known, 1))), dtype=np.float64)
    score = np.round((values - middle) / spread, 6)
    far = (np.abs(score) > rules.score) & (np.abs(values - middle) >= rules.least)
    return Judged(middle, np.round(spread, 6), score, far & (known >= rules.least_weeks))


def judge_shares(records: Ints, quarantined: Ints, rules: Rules) -> tuple[Judged, Ints]:
    """Compare each hour's share of quarantined records with the median of those before it; only a rise stands out.

    Args:
        records: records of each hour in which anything came, in order of time.
        quarantined: how many of them are in quarantine.
        rules: thresholds; ``least`` is meant in records.

    Returns:
        What was found, and how many hours each baseline is made of.
    """
    shares = quarantined / np.maximum(records, 1)
    before = np.concatenate([np.zeros(QUARANTINE_HOURS), shares])
    samples = np.lib.stride_tricks.sliding_window_view(before, QUARANTINE_HOURS)[: len(shares)]
    known = np.minimum(np.arange(len(shares)), QUARANTINE_HOURS)
    usable = np.arange(QUARANTINE_HOURS) >= QUARANTINE_HOURS - known[:, None]
    middle, _ = median(samples, usable)
    deviation, _ = median(np.abs(samples - middle[:, None]), usable)
    # As if each hour had one bad record and one good one more: none in a few is no proof of none at all.
    likely = (middle * records + 1) / (records + 2)
    variance = np.maximum((MAD_TO_DEVIATION * deviation) ** 2, likely * (1 - likely) / np.maximum(records, 1))
    spread: Floats = np.sqrt(variance, dtype=np.float64)
    score = np.round((shares - middle) / spread, 6)
    risen = (score > rules.score) & (quarantined - middle * records >= rules.least)
    judged = Judged(np.round(middle, 9), np.round(spread, 9), score, risen & (known >= QUARANTINE_LEAST_HOURS))
    return judged, known


def median(samples: Floats, usable: Flags) -> tuple[Floats, Ints]:
    """The median of the usable samples along the last axis, 0 where there is none; and how many there are."""
    known = np.broadcast_to(usable, samples.shape).sum(axis=-1)
    ordered = np.sort(np.where(usable, samples, np.inf), axis=-1)
    places = np.stack([np.maximum(known - 1, 0) // 2, np.minimum(known // 2, samples.shape[-1] - 1)], axis=-1)
    middle = np.take_along_axis(ordered, places, axis=-1).mean(axis=-1)
    return np.where(known > 0, middle, 0.0), known


@dataclass(frozen=True)
class Counts:
    """Hourly counts of some entities, as sparse triples.

    Attributes:
        entities: what was counted: a source, or a part of it.
        entity: for each count the place of its entity.
        hours: its hour since 1970.
        counts: the count.
    """

    entities: Sequence[str]
    entity: Ints
    hours: Ints
    counts: Ints


def judge_counts(
    windows: Windows, counts: Counts, rules: Rules, watched: frozenset[Watched] = frozenset()
) -> Iterator[Verdict]:
    """Judge every entity in these windows.

    Args:
        windows: see ``windows_of``.
        counts: of all hours of these windows and of their earlier weeks; an hour without a count is one of zero.
        rules: thresholds.
        watched: verdicts that are wanted also where they do not hold.

    Yields:
        Those that hold, and those that are watched.
    """
    days, of_day = np.unique(windows.hours // DAY, return_inverse=True)
    at = (np.asarray(of_day, dtype=np.int64), windows.hours % DAY // windows.width)
    usable = np.zeros((len(days), 1, rules.weeks), dtype=bool)
    usable[of_day, 0] = windows.usable
    step = max(1, _CELLS // max(1, usable.size * DAY // windows.width))
    for first in range(0, len(counts.entities), step):
        part = range(first, min(first + step, len(counts.entities)))
        values, samples = _window_counts(days, windows.width, counts, part, rules)
        judged = judge(values, samples, usable, rules)
        entities = counts.entities[first : part.stop]
        yield from _verdicts(windows, judged.at(at), values[(slice(None), *at)], entities, rules, watched)


def _verdicts(
    windows: Windows,
    judged: Judged,
    values: Floats,
    entities: Sequence[str],
    rules: Rules,
    watched: frozenset[Watched],
) -> Iterator[Verdict]:
    wanted = judged.flagged | _watched(windows, entities, watched)
    for row, column in zip(*(places.tolist() for places in np.nonzero(wanted)), strict=True):
        flagged, value = bool(judged.flagged[row, column]), float(values[row, column])
        for rule in (COUNT, SILENCE):
            key = (rule, entities[row], int(windows.hours[column]), windows.width)
            holds = flagged and rule == (SILENCE if value == 0 else COUNT)
            if holds or key in watched:
                yield Verdict(
                    *key,
                    value=value,
                    baseline=float(judged.baseline[row, column]),
                    spread=float(judged.spread[row, column]),
                    score=float(judged.score[row, column]),
                    threshold=rules.score,
                    history=int(windows.usable[column].sum()),
                    closed_at=_moment(windows.closed_at[column]),
                    last_judged=_moment(windows.last_judged[column]),
                    holds=holds,
                )


def judge_quarantine(
    arrivals: Arrivals, source: str, rules: Rules, first: int, watched: frozenset[Watched] = frozenset()
) -> Iterator[Verdict]:
    """Judge the share of quarantined records of each closed hour of Kafka's clock; see ``judge_counts``.

    Args:
        arrivals: by Kafka's clock.
        source: what the verdicts call it.
        rules: thresholds.
        first: hours before this one are not judged.
        watched: verdicts that are wanted also where they do not hold.
    """
    begin = int(np.searchsorted(arrivals.hours, first))
    arrivals = arrivals.since(max(0, begin - QUARANTINE_HOURS))
    judged, known = judge_shares(arrivals.records, arrivals.quarantined, rules)
    closed_at = first_after(arrivals, arrivals.hours)
    for place in range(int(np.searchsorted(arrivals.hours, first)), len(arrivals.hours) - 1):
        key = (QUARANTINE, source, int(arrivals.hours[place]), HOUR)
        holds = bool(judged.flagged[place])
        if holds or key in watched:
            yield Verdict(
                *key,
                value=float(round(arrivals.quarantined[place] / arrivals.records[place], 9)),
                baseline=float(judged.baseline[place]),
                spread=float(judged.spread[place]),
                score=float(judged.score[place]),
                threshold=rules.score,
                history=int(known[place]),
                closed_at=_moment(closed_at[place]),
                last_judged=_moment(
                    max(closed_at[place], *arrivals.last[max(0, place - QUARANTINE_HOURS) : place + 1])
                ),
                holds=holds,
            )


def _window_counts(days: Ints, width: int, counts: Counts, part: range, rules: Rules) -> tuple[Floats, Floats]:
    """The counts of some entities on these days, by day and window; and those of earlier weeks, along one more axis."""
    starts = days[:, None] - 7 * np.arange(rules.weeks + 1)
    needed, place = np.unique(starts, return_inverse=True)
    own = (counts.entity >= part.start) & (counts.entity < part.stop)
    row, hours = counts.entity[own] - part.start, counts.hours[own]
    column = np.searchsorted(needed, hours // DAY)
    inside = column < len(needed)
    inside[inside] = needed[column[inside]] == hours[inside] // DAY
    grid = np.zeros((len(part), len(needed), DAY // width))
    np.add.at(grid, (row[inside], column[inside], hours[inside] % DAY // width), counts.counts[own][inside])
    every = np.moveaxis(grid[:, place.reshape(starts.shape)], 2, -1)
    return every[..., 0], every[..., 1:]


def _watched(windows: Windows, entities: Sequence[str], watched: frozenset[Watched]) -> Flags:
    rows = {entity: row for row, entity in enumerate(entities)}
    columns = {int(hour): column for column, hour in enumerate(windows.hours)} if watched else {}
    found = np.zeros((len(entities), len(windows.hours)), dtype=bool)
    for _, entity, hour, width in watched:
        if entity in rows and hour in columns and width == windows.width:
            found[rows[entity], columns[hour]] = True
    return found


def _moment(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def hour_of(moment: datetime) -> int:
    """The hour since 1970 in which a moment lies.

    >>> hour_of(datetime(2020, 3, 1, 13, 59, tzinfo=UTC))
    439741
    """
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=HOUR_US)
