"""The open-loop schedule: when a record is due does not depend on how fast Kafka answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tideline.errors import InputError

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
