"""When people write: the share of a fortnight's tweets that falls into each minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

_PEAK_HOUR = 20
_NIGHT_TO_MEAN = 0.55
"""How far the night falls below, and the evening rises above, the day's mean."""

_WEEKEND = 0.8
_BURSTS_PER_DAY = 0.5
_DAY_MINUTES = 1_440


@dataclass(frozen=True)
class Burst:
    """People write more from one minute on, and less and less so.

    Attributes:
        minute: when it begins, counted from the first day's midnight.
        height: by how many times the usual it exceeds the usual at first.
        fade: minutes after which a third of that is left.
    """

    minute: int
    height: float
    fade: float


def draw_bursts(rng: np.random.Generator, days: int) -> list[Burst]:
    """Some bursts: about one in two days, in the order drawn."""
    minutes = rng.integers(0, days * _DAY_MINUTES, size=1 + round(days * _BURSTS_PER_DAY))
    return [Burst(int(minute), rng.uniform(2, 8), rng.uniform(15, 60)) for minute in minutes]


def minute_weights(start: datetime, days: int, bursts: Sequence[Burst]) -> npt.NDArray[np.float64]:
    """Probability of each minute: a daily rhythm, quieter weekends, and bursts that rise at once and fade.

    Args:
        start: midnight of the first day.
        days: how many days.
        bursts: what is added to the rhythm.

    Returns:
        ``days * 1440`` probabilities that add up to 1.
    """
    minute = np.arange(days * _DAY_MINUTES)
    hour = minute % _DAY_MINUTES / 60
    weights = 1 + _NIGHT_TO_MEAN * np.cos((hour - _PEAK_HOUR) / 24 * 2 * np.pi)
    weekday = (start.weekday() + minute // _DAY_MINUTES) % 7
    weights *= np.where(weekday >= 5, _WEEKEND, 1.0)
    for burst in bursts:
        since = minute - burst.minute
        weights *= 1 + np.where(since >= 0, burst.height * np.exp(-np.maximum(since, 0) / burst.fade), 0)
    total: float = weights.sum()
    return weights / total
