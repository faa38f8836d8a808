"""How a time grows with a number: the exponent of a power law, fitted on logarithmic scales to medians of blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median

BLOCK = 50
WARM_UP_BLOCKS = 4
"""A young JVM is slow, and growing faster it would hide that commits grow slower."""


@dataclass(frozen=True)
class Growth:
    """Medians of blocks after the warm-up, by the number in the middle of each.

    Attributes:
        points: numbers and seconds.
        exponent: 0 where the time does not grow, 1 where it grows as the number does.
    """

    points: list[tuple[float, float]]
    exponent: float


def fit_growth(seconds: Sequence[float], block: int = BLOCK, warm_up_blocks: int = WARM_UP_BLOCKS) -> Growth:
    """Fit the times of the first, the second, … to a power of their number.

    Args:
        seconds: times, in order; at least two blocks after the warm-up.
        block: of how many a median is taken.
        warm_up_blocks: so many blocks are left out.

    >>> fit_growth([0.1 * number**0.5 for number in range(1, 1001)], block=10).exponent.__round__(2)
    0.5
    """
    blocks = [median(seconds[at : at + block]) for at in range(0, len(seconds), block)][warm_up_blocks:]
    points = [((warm_up_blocks + at + 0.5) * block, value) for at, value in enumerate(blocks)]
    exponent = linear_regression([math.log(n) for n, _ in points], [math.log(s) for _, s in points]).slope
    return Growth(points, exponent)
