"""A small advertising market: domains of different sizes, countries, devices and formats with their own emissions."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from math import exp

from producers.emission_faults import Row

_COUNTRIES = {"US": 30, "GB": 14, "DE": 13, "FR": 12, "ES": 8, "IT": 7, "BR": 6, "JP": 5, "CA": 3, "AU": 2}
"""Countries with their weight."""

_DEVICES = {"mobile web": (38, 1.0), "mobile app": (27, 0.9), "desktop": (23, 1.3), "ctv": (8, 3.0), "tablet": (4, 1.1)}
"""Devices with their weight and how their emissions compare."""

_FORMATS = {
    "display": (55, 1.0, ("300x250", "728x90", "320x50", "970x250", "160x600")),
    "video": (25, 4.0, ("640x360", "1920x1080", "1280x720")),
    "native": (15, 0.8, ("fluid", "1200x627")),
    "audio": (5, 0.6, ("none",)),
}
"""Formats with their weight, how their emissions compare, and their sizes."""

_NAMES = ("herald", "tribune", "weather", "kitchen", "football", "finance", "travel", "games", "health", "motors")
_ENDINGS = ("com", "news", "net", "co.uk", "de", "fr")
_DOMAINS = 40
_SCALE_SPREAD = 0.8
"""Standard deviation of the logarithm of a domain's scale: the largest emits some 25 times what the smallest does."""

_ROW_SPREAD, _ROW_SPREAD_MAX = 0.3, 0.9
"""Standard deviation of the logarithm of a row within its domain, device and format; and its bound, so that no sound
row is extreme."""

_MEAN_TOTAL = 12.0
_SHARES = (0.22, 0.28, 0.5)
"""What ad selection, creative and media contribute, on average."""

_MEASURED = 0.65
"""Share of domains that are measured; the others are modeled."""


@dataclass(frozen=True)
class _Domain:
    name: str
    scale: float
    weight: float
    coverage: str


class Market:
    """Draws sound rows."""

    def __init__(self, rng: random.Random) -> None:
        self._domains = [_domain(rng, index) for index in range(_DOMAINS)]
        self._domain_weights = [domain.weight for domain in self._domains]

    def row(self, rng: random.Random, day: date, small: bool) -> Row:
        """One row of a day. ``small`` asks for a total between 1 and 4."""
        domain = rng.choices(self._domains, self._domain_weights)[0]
        device = rng.choices(list(_DEVICES), [weight for weight, _ in _DEVICES.values()])[0]
        kind = rng.choices(list(_FORMATS), [weight for weight, _, _ in _FORMATS.values()])[0]
        _, format_factor, sizes = _FORMATS[kind]
        spread = max(-_ROW_SPREAD_MAX, min(_ROW_SPREAD_MAX, rng.gauss(0, _ROW_SPREAD)))
        total = _MEAN_TOTAL * domain.scale * _DEVICES[device][1] * format_factor * exp(spread)
        if small:
            total = rng.uniform(1, 4)
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
            coverage=domain.coverage,
        )


def _domain(rng: random.Random, index: int) -> _Domain:
    name = f"{_NAMES[index % len(_NAMES)]}{index // len(_NAMES) + 1}.{rng.choice(_ENDINGS)}"
    coverage = "measured" if rng.random() < _MEASURED else "modeled"
    return _Domain(name, rng.lognormvariate(0, _SCALE_SPREAD), 1 / (index + 3), coverage)
