"""When people write: the share of a fortnight's tweets that falls into each minute."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

_PEAK_HOUR = 20
_NIGHT_TO_MEAN = 0.55
"""How far the night falls below, and the evening rises above, the day's mean."""

_WEEKEND = 0.8
_BURSTS_PER_DAY = 0.5
_DAY_MINUTES = 1_440


def minute_weights(rng: np.random.Generator, start: datetime, days: int) -> npt.NDArray[np.float64]:
    """Probability of each minute: a daily rhythm, quieter weekends, and bursts that rise at once and fade.

    Args:
        rng: the source of randomness.
        start: midnight of the first day.
        days: how many days.

    Returns:
        ``days * 1440`` probabilities that add up to 1.
    """
    minute = np.arange(days * _DAY_MINUTES)
    hour = minute % _DAY_MINUTES / 60
    weights = 1 + _NIGHT_TO_MEAN * np.cos((hour - _PEAK_HOUR) / 24 * 2 * np.pi)
    weekday = (start.weekday() + minute // _DAY_MINUTES) % 7
    weights *= np.where(weekday >= 5, _WEEKEND, 1.0)
    for begin in rng.integers(0, len(minute), size=1 + round(days * _BURSTS_PER_DAY)):
        height, fade = rng.uniform(2, 8), rng.uniform(15, 60)
        since = minute - begin
        weights *= 1 + np.where(since >= 0, height * np.exp(-np.maximum(since, 0) / fade), 0)
    total: float = weights.sum()
    return weights / total
