"""The faults that are planted in synthetic emission rows: their rates, and what the lake must make of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tideline.reasons import Reason
from tideline.records import EMISSION_COLUMNS

NUMBERS = EMISSION_COLUMNS[6:10]
"""The four emission columns: ad selection, creative, media, total."""

_TOTAL = 3
_TEXTS_FOR_NUMBERS = ("n/a", "unknown", "abc", "--")
_UNKNOWN_DEVICES = ("smart fridge", "wearable", "???", "game console")
_BAD_DATES = ("13/45/2024", "02/30/2024", "2024-03-01", "31/12/2024", "yesterday")


@dataclass
class Row:
    """A row before it becomes text. Emissions are whole thousandths, so that sums are exact."""

    date: str
    domain: str
    format: str
    country: str
    ad_size: str
    device: str
    thousandths: list[int]
    coverage: str
    instead: dict[str, str] = field(default_factory=dict)
    """Text that stands in a column in place of its value."""

    def texts(self) -> tuple[str, ...]:
        """The fields in the order of ``EMISSION_COLUMNS``."""
        first = (self.date, self.domain, self.format, self.country, self.ad_size, self.device)
        values = (*first, *(f"{value / 1000:.3f}" for value in self.thousandths), self.coverage)
        if not self.instead:
            return values
        return tuple(self.instead.get(name, text) for name, text in zip(EMISSION_COLUMNS, values, strict=True))


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        name: what reports call it.
        per_1000: rows of 1,000 that have it.
        reason: why the lake rejects such a row; None when it keeps it.
        plant: changes a sound row.
    """

    name: str
    per_1000: int
    reason: Reason | None
    plant: Callable[[Row, random.Random], None]


def _replace(column: str, *texts: str) -> Callable[[Row, random.Random], None]:
    def plant(row: Row, rng: random.Random) -> None:
        row.instead[column] = rng.choice(texts)

    return plant


def _wrong_sum(row: Row, rng: random.Random) -> None:
    """More than 0.1 off, and above 0."""
    total = row.thousandths[_TOTAL]
    sign = rng.choice((-1, 1)) if total > 1_000 else 1
    row.thousandths[_TOTAL] += sign * (300 + total * rng.randrange(15, 40) // 100)


def _loose_sum(row: Row, rng: random.Random) -> None:
    """Off by more than 1 % of the total, but not by more than 0.1; needs a total between 1 and 4."""
    row.thousandths[_TOTAL] += row.thousandths[_TOTAL] * 2 // 100 + rng.randrange(5, 15)


def _negative(row: Row, rng: random.Random) -> None:
    """Ad selection below 0, and a total that agrees."""
    selection = row.thousandths[0]
    row.thousandths[0] -= 2 * selection
    row.thousandths[_TOTAL] -= 2 * selection


def _outlier(row: Row, rng: random.Random) -> None:
    """A row 50 to 100 times as large, and consistent."""
    factor = rng.randrange(50, 101)
    row.thousandths = [value * factor for value in row.thousandths]


_NUMBER_REASONS = dict(
    zip(
        NUMBERS,
        (
            Reason.AD_SELECTION_INVALID,
            Reason.CREATIVE_DISTRIBUTION_INVALID,
            Reason.MEDIA_DISTRIBUTION_INVALID,
            Reason.TOTAL_INVALID,
        ),
        strict=True,
    )
)

FAULTS: tuple[Fault, ...] = (
    Fault("missing date", 3, Reason.DATE_MISSING, _replace("date", "")),
    Fault("missing domain", 3, Reason.DOMAIN_MISSING, _replace("domain", "")),
    Fault("missing country", 3, Reason.COUNTRY_MISSING, _replace("country", "")),
    Fault("missing format", 4, None, _replace("format", "")),
    Fault("missing device", 4, None, _replace("device", "")),
    *(Fault(f"missing {name}", 2, _NUMBER_REASONS[name], _replace(name, "")) for name in NUMBERS),
    *(Fault(f"text in {name}", 2, _NUMBER_REASONS[name], _replace(name, *_TEXTS_FOR_NUMBERS)) for name in NUMBERS),
    Fault("bad date", 4, Reason.DATE_UNREADABLE, _replace("date", *_BAD_DATES)),
    Fault("wrong sum", 8, Reason.SUM_MISMATCH, _wrong_sum),
    Fault("loose sum", 6, None, _loose_sum),
    Fault("negative value", 5, None, _negative),
    Fault("unknown device", 5, None, _replace("device", *_UNKNOWN_DEVICES)),
    Fault("outlier", 4, None, _outlier),
)
"""Every fault, with its rate."""

SMALL_TOTALS = frozenset({"loose sum"})
"""Faults that need a row with a total between 1 and 4."""
