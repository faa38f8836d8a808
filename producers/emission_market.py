"""A small advertising market: domains of different sizes, countries, devices and formats with their own emissions."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from math import exp

from producers.emission_faults import Row

_COUNTRIES = {"US": 30, "GB": 14, "DE": 13, "FR": 12, "ES": 8, "IT": 7, "BR": 6, "JP": 5, "CA": 3, "AU": 2}
"""Countries with their weight."""

_DEVICES = {"mobile web": (38, 1.0), "mobile app": (27, 0.9), "desktop": (23, 1.3), "ctv": (8, 1.6), "tablet": (4, 1.1)}
"""Devices with their weight and how their emissions compare."""

_FORMATS = {
    "display": (55, 1.0, ("300x250", "728x90", "320x50", "970x250", "160x600")),
    "video": (25, 2.2, ("640x360", "1920x1080", "1280x720")),
    "native": (15, 0.8, ("fluid", "1200x627")),
    "audio": (5, 0.6, ("none",)),
}
"""Formats with their weight, how their emissions compare, and their sizes."""

_DOMAINS = (
    "herald.com",
    "tribune.news",
    "weather.net",
    "kitchen.co.uk",
    "football.de",
    "finance.com",
    "travel.fr",
    "games.net",
    "health.com",
    "motors.de",
    "gardens.co.uk",
    "movies.com",
)
_SMALLEST, _LARGEST = 0.25, 4.0
"""Scales of the domains: the others lie between at equal ratios."""

_SMALL_DOMAINS = 3
"""The smallest domains; a total between 1 and 4 is usual there."""

_ROW_SPREAD, _ROW_SPREAD_MAX = 0.25, 0.6
"""Standard deviation of the logarithm of a row within its domain, device and format; and its bound: with it no sound
row is 8 times its domain's median, and every outlier is more than 12 times."""

_MEAN_TOTAL = 10.0
_SHARES = (0.22, 0.28, 0.5)
"""What ad selection, creative and media contribute, on average."""

_MEASURED = 0.65
"""Share of rows that are measured; the others are modeled."""


@dataclass(frozen=True)
class _Domain:
    name: str
    scale: float
    weight: float


class Market:
    """Draws sound rows."""

    def __init__(self, rng: random.Random) -> None:
        ratio = (_LARGEST / _SMALLEST) ** (1 / (len(_DOMAINS) - 1))
        names = rng.sample(_DOMAINS, len(_DOMAINS))
        self._domains = [
            _Domain(name, _SMALLEST * ratio**index, 1 / rng.uniform(8, 16)) for index, name in enumerate(names)
        ]

    def row(self, rng: random.Random, day: date, small: bool) -> Row:
        """One row of a day. ``small`` asks for a total between 1 and 4."""
        domains = self._domains[:_SMALL_DOMAINS] if small else self._domains
        domain = rng.choices(domains, [domain.weight for domain in domains])[0]
        device = rng.choices(list(_DEVICES), [weight for weight, _ in _DEVICES.values()])[0]
        kind = rng.choices(list(_FORMATS), [weight for weight, _, _ in _FORMATS.values()])[0]
        _, format_factor, sizes = _FORMATS[kind]
        spread = max(-_ROW_SPREAD_MAX, min(_ROW_SPREAD_MAX, rng.gauss(0, _ROW_SPREAD)))
        total = _MEAN_TOTAL * domain.scale * _DEVICES[device][1] * format_factor * exp(spread)
        if small:
            total = rng.uniform(1.5, 3.9)
        parts = [share * rng.uniform(0.8, 1.2) for share in _SHARES]
        selection, creative, media = (round(1000 * total * part / sum(parts)) for part in parts)
        return Row(
            date=f"{day:%m/%d/%Y}",
            domain=domain.name,
            format=kind,
            country=rng.choices(list(_COUNTRIES), list(_COUNTRIES.values()))[0],
            ad_size=rng.choice(sizes),
            device=device,
            thousandths=[selection, creative, media, selection + creative + media],
            coverage="measured" if rng.random() < _MEASURED else "modeled",
        )
