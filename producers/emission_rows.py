"""Synthetic ad emissions with known faults: what a lake has to find, told exactly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from producers.emission_faults import FAULTS, SMALL_TOTALS, Row
from producers.emission_market import Market
from tideline.reasons import Reason
from tideline.records import EMISSION_COLUMNS

GENERATOR = "emissions-1"
"""Name and version of the generator: raised when the same seed gives other rows, since runs are named by it."""

START = date(2024, 3, 1)
"""The first day: fixed, because a run must not depend on the day it is made."""

IDENTICAL_PER_1000 = 10
"""Rows that repeat an earlier sound row, field by field."""

_CHUNK_ROWS = 5_000


@dataclass(frozen=True)
class PlantedEmissions:
    """What a run holds, exactly. No row has two faults.

    Attributes:
        run: identifies the run: generator, seed, rows, start and days.
        rows: rows in all.
        identical: rows that repeat an earlier one; they are events of their own.
        kinds: faulty rows by kind.
        reasons: rows that the lake must reject, by reason.
        rejected: rows that the lake must reject, in all.
    """

    run: str
    rows: int
    identical: int
    kinds: dict[str, int]
    reasons: dict[Reason, int]
    rejected: int


class SyntheticEmissions:
    """One run of the generator: the same arguments give the same rows."""

    def __init__(self, rows: int, seed: int, start: date = START, days: int = 7) -> None:
        """Lay the run out.

        Args:
            rows: how many rows, faulty and identical ones included.
            seed: any integer.
            start: the first day.
            days: how many days the rows spread over.
        """
        self._rows, self._seed, self._start, self._days = rows, seed, start, days
        self._plan = self._lay_out()
        planned = Counter(self._plan.values())
        kinds = {fault.name: planned[fault.name] for fault in FAULTS}
        reasons = Counter[Reason]()
        for fault in FAULTS:
            if fault.reason is not None:
                reasons[fault.reason] += planned[fault.name]
        self.planted = PlantedEmissions(
            run=f"{GENERATOR}-seed{seed}-rows{rows}-{start:%Y%m%d}-days{days}",
            rows=rows,
            identical=planned["identical row"],
            kinds=kinds,
            reasons=dict(reasons),
            rejected=reasons.total(),
        )

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The rows as text, in the order of ``EMISSION_COLUMNS``."""
        rng = random.Random(self._seed)
        market = Market(rng)
        faults: dict[str, Callable[[Row, random.Random], None]] = {fault.name: fault.plant for fault in FAULTS}
        sound: list[Row] = []
        for index in range(self._rows):
            kind = self._plan.get(index)
            if kind == "identical row":
                yield rng.choice(sound).texts()
                continue
            small = kind in SMALL_TOTALS
            row = market.row(rng, self._start + timedelta(days=rng.randrange(self._days)), small)
            if kind is None:
                sound = [*sound[-99:], row]
            else:
                faults[kind](row, rng)
            yield row.texts()

    def chunks(self) -> Iterator[bytes]:
        """The rows as a CSV file's bytes, the header first. No value needs quotes."""
        lines = [",".join(EMISSION_COLUMNS)]
        for row in self.rows():
            lines.append(",".join(row))
            if len(lines) == _CHUNK_ROWS:
                yield ("\n".join(lines) + "\n").encode()
                lines = []
        if lines:
            yield ("\n".join(lines) + "\n").encode()

    def _lay_out(self) -> dict[int, str]:
        """What is planted in which row; the first row is sound."""
        kinds = ["identical row"] * (self._rows * IDENTICAL_PER_1000 // 1000)
        for fault in FAULTS:
            kinds += [fault.name] * (self._rows * fault.per_1000 // 1000)
        places = random.Random(f"{self._seed} places").sample(range(1, self._rows), len(kinds))
        return dict(zip(places, kinds, strict=True))
