"""How often verdicts on hours err: on synthetic weeks with and without planted anomalies, beside two other methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from time import perf_counter

import numpy as np
import numpy.typing as npt

from bench.result import Figure
from tideline.arrivals import HOUR_US, Arrivals
from tideline.settings import Settings
from tideline.verdicts import Counts, judge_counts
from tideline.windows import DAY, WEEK, WIDTHS, Rules, rules_of, windows_of

WEEKS = 26
LEVELS = (3, 30, 300, 3000)
"""Events of a mean hour."""

NOISES = (0.0, 0.05, 0.15)
"""How much an hour's mean varies without a cause, as a share of it."""

SEEDS = (1, 2, 3, 4, 5)
ONE_SERIES = (1, 300, 0.05)
"""Seed, level and noise of the series on which slow methods are compared."""

KINDS = ("bursts", "drops", "drifts")
PER_SERIES = 6
"""So many anomalies of one kind are planted in a series."""

FIRST_HOUR = 439_752 // WEEK * WEEK + 4 * DAY
"""A Monday."""

Series = npt.NDArray[np.int64]
Span = tuple[int, int]
Method = Callable[[Series], list[Span]]
"""Flags spans of a series; hours count from its beginning, the end is left out."""


@dataclass(frozen=True)
class Rates:
    """What a method found in some series.

    Attributes:
        judged: the hours that had enough history.
        flagged: spans flagged.
        right: those that overlap something planted.
        planted: anomalies planted.
        found: those that overlap something flagged.
        seconds: of CPU, about.
    """

    judged: int = 0
    flagged: int = 0
    right: int = 0
    planted: int = 0
    found: int = 0
    seconds: float = 0.0

    def __add__(self, other: Rates) -> Rates:
        """Both together."""
        return Rates(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def precision(self) -> float:
        """Of what was flagged, the share that was planted."""
        return self.right / self.flagged if self.flagged else float("nan")

    @property
    def recall(self) -> float:
        """Of what was planted, the share that was flagged."""
        return self.found / self.planted if self.planted else float("nan")


def quiet_means(rng: np.random.Generator, level: float, noise: float) -> npt.NDArray[np.float64]:
    """Expected counts of each hour: a rhythm of the day, quieter weekends, a slow trend, and noise."""
    hour = np.arange(WEEKS * WEEK)
    rhythm = 1 + 0.55 * np.cos((hour % DAY - 20) / DAY * 2 * np.pi)
    weekend = np.where(hour // DAY % 7 >= 5, 0.8, 1.0)
    trend = 1 + rng.uniform(-0.15, 0.15) * hour / len(hour)
    varied = rng.gamma(1 / noise**2, noise**2, len(hour)) if noise else np.ones(len(hour))
    means: npt.NDArray[np.float64] = level * rhythm * weekend * trend * varied
    return means


def plant(rng: np.random.Generator, means: npt.NDArray[np.float64], kind: str, rules: Rules) -> list[Span]:
    """Plant anomalies of a kind, one in each stretch of the judged weeks, and say where.

    Bursts: 1 to 3 hours at 2 to 5 times the usual. Drops: 2 to 6 hours at nothing to half of it. Drifts: within three
    days to 1.4 to 2 times, or as far down, and a week at that.
    """
    begin = rules.least_weeks * WEEK
    stretch = (len(means) - begin) // PER_SERIES
    spans = []
    for number in range(PER_SERIES):
        shortest, longest = {"bursts": (1, 3), "drops": (2, 6), "drifts": (10 * DAY, 10 * DAY)}[kind]
        length = int(rng.integers(shortest, longest + 1))
        start = int(begin + number * stretch + rng.integers(0, stretch - length))
        factor: float | npt.NDArray[np.float64]
        if kind == "bursts":
            factor = rng.uniform(2, 5)
        elif kind == "drops":
            factor = rng.uniform(0, 0.5)
        else:
            reached = rng.uniform(1.4, 2) ** rng.choice((-1, 1))
            factor = 1 + (reached - 1) * np.minimum(1, np.arange(length) / (3 * DAY))
        means[start : start + length] *= factor
        spans.append((start, start + length))
    return spans


def tideline_method(rules: Rules) -> Method:
    """Our own rules, as the stream applies them."""

    def flag(series: Series) -> list[Span]:
        hours = FIRST_HOUR + np.arange(len(series) + 1)
        # One hour more closes the last one.
        ones = np.ones(len(hours), dtype=np.int64)
        arrivals = Arrivals(hours, ones, 0 * ones, hours * HOUR_US, hours * HOUR_US)
        counts = Counts(["all"], np.zeros(len(series), dtype=np.int64), hours[:-1], series)
        return [
            (verdict.hour - FIRST_HOUR, verdict.hour - FIRST_HOUR + verdict.width)
            for width in WIDTHS
            for verdict in judge_counts(windows_of(arrivals, width, rules), counts, rules)
        ]

    return flag


def simple_z(rules: Rules, threshold: float = 3.0) -> Method:
    """The mean and the standard deviation of the same hour in the same earlier weeks; customary: above 3."""

    def flag(series: Series) -> list[Span]:
        found = []
        for hour in range(rules.least_weeks * WEEK, len(series)):
            back = [hour - WEEK * week for week in range(1, rules.weeks + 1) if hour >= WEEK * week]
            deviation = series[back].std(ddof=1)
            if deviation > 0 and abs(series[hour] - series[back].mean()) / deviation > threshold:
                found.append((hour, hour + 1))
        return found

    return flag


def seasonal_trend(rules: Rules, threshold: float = 5.0) -> Method:
    """Statsmodels' robust STL over the whole series, the future too; its rest in robust deviations, above 5."""
    from statsmodels.tsa.seasonal import STL

    def flag(series: Series) -> list[Span]:
        rest = STL(series.astype(float), period=WEEK, robust=True).fit().resid
        deviation = 1.4826 * np.median(np.abs(rest - np.median(rest)))
        hours = np.flatnonzero(np.abs(rest - np.median(rest)) > threshold * max(deviation, 1e-9))
        return [(int(hour), int(hour) + 1) for hour in hours if hour >= rules.least_weeks * WEEK]

    return flag


def rate(method: Method, kind: str | None, seed: int, level: float, noise: float, rules: Rules) -> Rates:
    """What a method finds in one series."""
    rng = np.random.default_rng([seed, int(level), round(100 * noise), KINDS.index(kind) + 1 if kind else 0])
    means = quiet_means(rng, level, noise)
    planted = plant(rng, means, kind, rules) if kind else []
    series = rng.poisson(means)
    begin = perf_counter()
    flagged = method(series)
    seconds = perf_counter() - begin
    right = sum(any(overlap(span, other) for other in planted) for span in flagged)
    found = sum(any(overlap(span, other) for other in flagged) for span in planted)
    return Rates(len(series) - rules.least_weeks * WEEK, len(flagged), right, len(planted), found, seconds)


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans have an hour in common."""
    return one[0] < other[1] and other[0] < one[1]


def measure(settings: Settings) -> list[Figure]:
    """False flags per 10,000 quiet hours, and precision and recall of what was planted, by method and seed."""
    rules, figures = rules_of(settings), []
    for name, method in (("tideline", tideline_method(rules)), ("z-score", simple_z(rules))):
        for seed in SEEDS:
            figures += _figures(f"{name}, seed {seed}", method, rules, product([seed], LEVELS, NOISES))
    # Robust STL takes a quarter of a minute for one series.
    for name, method in (("tideline", tideline_method(rules)), ("STL", seasonal_trend(rules))):
        figures += _figures(f"{name}, one series", method, rules, [ONE_SERIES])
    return figures


def _figures(label: str, method: Method, rules: Rules, trials: Iterable[tuple[int, float, float]]) -> list[Figure]:
    own = list(trials)
    quiet = sum((rate(method, None, *trial, rules) for trial in own), Rates())
    figures = [Figure("verdicts", f"{label}: false flags", 1e4 * quiet.flagged / quiet.judged, "per 10,000 h")]
    for kind in KINDS:
        found = sum((rate(method, kind, *trial, rules) for trial in own), Rates())
        figures.append(Figure("verdicts", f"{label}: {kind}, precision", 100 * found.precision, "%"))
        figures.append(Figure("verdicts", f"{label}: {kind}, recall", 100 * found.recall, "%"))
    return figures
