"""How figures are written, on the page and in the terminal alike."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

MISSING = "-"


def number(value: int | None) -> str:
    """A whole number with separators, a dash where there is none.

    >>> number(12345)
    '12,345'
    """
    return MISSING if value is None else f"{value:,}"


def amount(value: Decimal | float | None, digits: int = 2) -> str:
    """A rounded amount with separators, a dash where there is none.

    >>> amount(1234.5)
    '1,234.50'
    """
    return MISSING if value is None else f"{value:,.{digits}f}"


def size(value: int | None) -> str:
    """Bytes in the unit that a reader would choose.

    >>> size(1536)
    '1.5 kB'
    """
    if value is None:
        return MISSING
    scaled, units = float(value), ["B", "kB", "MB", "GB", "TB"]
    while scaled >= 1024 and len(units) > 1:
        scaled, units = scaled / 1024, units[1:]
    return f"{scaled:.0f} {units[0]}" if units[0] == "B" else f"{scaled:.1f} {units[0]}"


def moment(value: datetime | None) -> str:
    """A time to the second, as the UTC that it is."""
    return MISSING if value is None else f"{value:%Y-%m-%d %H:%M:%S}"


def window_text(start: datetime, hours: int) -> str:
    """An hour or a day as a reader says it.

    >>> window_text(datetime(2020, 3, 25, 11), 1)
    'Wed 2020-03-25 11:00'
    """
    return f"{start:%a %Y-%m-%d %H:00}" if hours == 1 else f"{start:%a %Y-%m-%d}, day"


def figure(value: float, rule: str) -> str:
    """What a verdict is about: a count, or a share in percent.

    >>> figure(118.5, "unusual count"), figure(0.0712, "quarantine share")
    ('118.5', '7.12%')
    """
    return f"{value:.2%}" if rule == "quarantine share" else f"{value:,.1f}".removesuffix(".0")
