"""The open-loop schedule: when a record is due does not depend on how fast Kafka answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tideline.errors import InputError

PORTION_SECONDS = 0.02
"""The first record of a portion waits so long for the last one to fall due, at most. A portion costs 2 to 3 ms
of CPU, most of it in the Kafka client, however few its records are: shorter waits would multiply that."""

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/s)?")


def parse_rate(text: str) -> float:
    """Records per second, from ``500/s`` or ``500``.

    Raises:
        InputError: it is not a number above 0.

    >>> parse_rate("2.5/s")
    2.5
    """
    match = _RATE.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        msg = f"the rate {text!r} is not a number of records per second above 0; write it as 500/s"
        raise InputError(msg)
    return float(match[1])


def portion(rate: float) -> int:
    """How many records go out together, when the last of them is due.

    >>> portion(100)
    3
    """
    return 1 + int(rate * PORTION_SECONDS)


class Schedule:
    """Record ``n`` is due ``n / rate`` seconds after the first. A late record goes out at once, the plan stays."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / rate
        self._clock, self._sleep = clock, sleep
        self._start: float | None = None

    def delay(self, index: int) -> float:
        """Seconds until record ``index`` (from 0) is due; 0 or less when it is."""
        now = self._clock()
        if self._start is None:
            self._start = now
        return self._start + index * self._interval - now

    def wait(self, index: int) -> None:
        """Sleep until record ``index`` is due."""
        while (left := self.delay(index)) > 0:
            self._sleep(left)
