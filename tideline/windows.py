"""Which hours and days can be judged: closed ones with enough earlier weeks, and what their verdicts rest on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tideline.arrivals import Arrivals, Ints
from tideline.settings import Settings

HOUR: Final = 1
DAY: Final = 24
WIDTHS: Final = (HOUR, DAY)
"""The windows' lengths, in hours."""

WEEK: Final = 7 * DAY

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rules:
    """What the settings say of verdicts.

    Attributes:
        weeks: how many weeks back a baseline reaches.
        least_weeks: with fewer earlier weeks there is no verdict.
        score: a window whose score is above this, either way, stands out.
        noise: how much of a count is expected to vary anyhow, as a share of it.
        least: a difference of fewer events never stands out.
    """

    weeks: int
    least_weeks: int
    score: float
    noise: float
    least: int


def rules_of(settings: Settings) -> Rules:
    """The rules by the settings."""
    return Rules(
        settings.verdict_weeks,
        settings.verdict_least_weeks,
        settings.verdict_score,
        settings.verdict_noise,
        settings.verdict_least,
    )


@dataclass(frozen=True)
class Windows:
    """Closed windows with enough earlier weeks, and what their verdicts rest on.

    An hour is closed when a record of a later hour is there. Earlier weeks count when the source was there on that day
    at all: neither a day of outage nor a stray record of long ago makes a history.

    Attributes:
        hours: each window's first hour, rising.
        width: their length.
        usable: which of the ``weeks`` weeks before count, by window and weeks back less one.
        closed_at: Kafka's time of the first record of a later hour, in microseconds.
        last_judged: Kafka's time of the newest record in the window, on its day in earlier weeks, or that closed it.
        records: how many records these are.
    """

    hours: Ints
    width: int
    usable: Flags
    closed_at: Ints
    last_judged: Ints
    records: Ints

    def only(self, wanted: Flags) -> Windows:
        """Some of them."""
        times = self.closed_at[wanted], self.last_judged[wanted]
        return Windows(self.hours[wanted], self.width, self.usable[wanted], *times, self.records[wanted])


def windows_of(arrivals: Arrivals, width: int, rules: Rules) -> Windows:
    """All windows that can be judged.

    Args:
        arrivals: of the clock that the source's hours are counted by.
        width: ``HOUR`` or ``DAY``.
        rules: how far back baselines reach.
    """
    days, starts = np.unique(arrivals.hours // DAY, return_index=True)
    back = np.arange(1, rules.weeks + 1)
    later, known = np.unique((days[:, None] + 7 * back).ravel(), return_counts=True)
    later = later[known >= rules.least_weeks]
    hours = (later[:, None] * DAY + np.arange(0, DAY, width)).ravel()
    newest = arrivals.hours[-1] if len(arrivals.hours) else 0
    hours = hours[hours + width <= newest] if len(arrivals.hours) else hours[:0]
    before = hours[:, None] // DAY - 7 * back
    usable = np.isin(before, days)
    closed_at = first_after(arrivals, hours + width - 1)
    own = hours[:, None] + np.arange(width)
    last = np.concatenate(
        [
            _look_up(arrivals.hours, arrivals.last, own),
            _look_up(days, _by_day(np.maximum, arrivals.last, starts), before),
        ],
        axis=1,
    ).max(axis=1, initial=0)
    records = _look_up(arrivals.hours, arrivals.records, own).sum(axis=1)
    records += _look_up(days, _by_day(np.add, arrivals.records, starts), before).sum(axis=1)
    return Windows(hours, width, usable, closed_at, np.maximum(last, closed_at), records)


def affected(before: Windows, after: Windows) -> Flags:
    """Which windows of ``after`` are new, or rest on other records than they did ``before``."""
    place = np.searchsorted(before.hours, after.hours)
    known = place < len(before.hours)
    known[known] = before.hours[place[known]] == after.hours[known]
    same, place = known.copy(), place[known]
    for name in ("closed_at", "last_judged", "records"):
        same[known] &= getattr(before, name)[place] == getattr(after, name)[known]
    same[known] &= (before.usable[place] == after.usable[known]).all(axis=1)
    return ~same


def first_after(arrivals: Arrivals, last_hours: Ints) -> Ints:
    """Kafka's time of the first record of an hour after each of these; the largest number where there is none."""
    earliest = np.append(np.minimum.accumulate(arrivals.first[::-1])[::-1], np.iinfo(np.int64).max)
    return earliest[np.searchsorted(arrivals.hours, last_hours, side="right")]


def _by_day(combine: np.ufunc, figures: Ints, starts: npt.NDArray[np.intp]) -> Ints:
    """Sums, or maxima, of the hours of each day."""
    return np.asarray(combine.reduceat(figures, starts)) if len(figures) else figures


def _look_up(hours: Ints, figures: Ints, wanted: Ints) -> Ints:
    """The figures of these hours, 0 where there is none."""
    if not len(hours):
        return np.zeros(wanted.shape, dtype=np.int64)
    place = np.minimum(np.searchsorted(hours, wanted), len(hours) - 1)
    return np.where(hours[place] == wanted, figures[place], 0)
