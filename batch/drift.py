"""Why a live count differs from gold's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from batch.recount import NOTHING, Key, Recounted


class Explanation(StrEnum):
    """Why a live count is another than gold's; the last is none."""

    NEWER_ROWS = "newer rows"
    LIVE_BEHIND = "live behind"
    LATE_RESENDS = "late resends"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Drift:
    """One key whose live count is not gold's, with what bronze says of it.

    Attributes:
        at_gold: recounted from the version of bronze that gold was made from.
        at_live: recounted from the version up to which the live query surely has read.
        newest: recounted from the newest version of bronze, read after the live table.
    """

    key: Key
    live: int
    gold: int
    at_gold: Recounted
    at_live: Recounted
    newest: Recounted

    @property
    def explanation(self) -> Explanation:
        """Why they differ.

        What the live query has read, and later may have read, bounds its count: between its own version of bronze and
        the newest one it is right, whatever gold says. Above that only resends beyond the horizon lead, of which it
        may have counted each once more. Gold itself must be what its own version gives.
        """
        if self.gold != self.at_gold.events or self.live < self.at_live.events:
            return Explanation.UNEXPLAINED
        if self.live > self.newest.events:
            late = self.live - self.newest.events <= self.newest.late_resends
            return Explanation.LATE_RESENDS if late else Explanation.UNEXPLAINED
        return Explanation.NEWER_ROWS if self.live > self.gold else Explanation.LIVE_BEHIND


def differing(live: Mapping[Key, int], gold: Mapping[Key, int]) -> list[Key]:
    """The keys whose counts differ, by window; what is not there counts 0."""
    keys = [key for key in live.keys() | gold.keys() if live.get(key, 0) != gold.get(key, 0)]
    return sorted(keys, key=lambda key: [(value is not None, str(value)) for value in key])


def of_key(counts: Mapping[Key, Recounted], key: Key) -> Recounted:
    """What was recounted of a key; nothing where it has no events."""
    return counts.get(key, NOTHING)
