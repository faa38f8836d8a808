"""What the runs of a contest say: median and spread, ratios to ours, who wins, and who made something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from bench.rivals.contest import Measure, Proof, Run, Section

OURS = "ours"


@dataclass(frozen=True)
class Spread:
    """Some values: their median, the lowest, the highest, and how many they are."""

    median: float
    low: float
    high: float
    count: int

    def overlaps(self, other: Spread) -> bool:
        """Whether a value of one may as well be of the other."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class Win:
    """Who is best by a measure.

    Attributes:
        measure: which.
        winner: the contender with the best median.
        second: the best one of the other side: of the rivals if ours wins, of ours if a rival does.
        factor: how many times better the winner's median is; none without a second, or where one is not above 0.
        clear: whether their ranges have nothing in common.
    """

    measure: str
    winner: str
    second: str | None = None
    factor: float | None = None
    clear: bool = False

    @property
    def ours_wins(self) -> bool:
        """Whether it is one of ours."""
        return is_ours(self.winner)

    def sentence(self) -> str:
        """The verdict in words."""
        if self.second is None:
            return f"{self.measure}: {self.winner}, alone"
        who = self.winner if self.ours_wins else f"A RIVAL WINS: {self.winner}"
        how = f"{self.factor:.2f} times better than" if self.factor is not None else "before"
        return f"{self.measure}: {who}, {how} {self.second}{'' if self.clear else ', within the spread of the runs'}"


def is_ours(contender: str) -> bool:
    """Whether a contender is one of ours."""
    return contender.split(",")[0].split(" ")[0] == OURS


def spread(values: Sequence[float]) -> Spread | None:
    """Median and range of some values; none of no value."""
    return Spread(median(values), min(values), max(values), len(values)) if values else None


def spread_of(runs: Sequence[Run], contender: str, measure: Measure) -> Spread | None:
    """Of the runs of a contender that did not fail, by a measure."""
    found = (measure.of(run) for run in runs if run.contender == contender and run.error is None)
    return spread([value for value in found if value is not None])


def ratio(value: Spread | None, ours: Spread | None) -> float | None:
    """The medians' ratio; none where one is missing or not above 0, as a slope or an exponent may be."""
    return value.median / ours.median if value and ours and min(value.median, ours.median) > 0 else None


def disagreements(runs: Sequence[Run]) -> dict[str, str]:
    """By contender what is wrong with what it made: it differs from what most contenders made, or between its runs."""
    made = {(run.contender, run.proof) for run in runs if run.proof is not None}
    if not made:
        return {}
    by_proof = Counter(proof for _, proof in made)
    ours = next((proof for contender, proof in sorted(made, key=str) if is_ours(contender)), None)
    # Of as many for one as for the other, ours is what the others are held to.
    right = max(by_proof, key=lambda proof: (by_proof[proof], proof == ours))
    return {
        contender: f"made {_told(proof)}, most made {_told(right)}"
        for contender, proof in sorted(made, key=str)
        if proof != right
    }


def with_disagreements(runs: Sequence[Run]) -> list[Run]:
    """The runs, those of contenders that made something else as failed ones."""
    wrong = disagreements(runs)
    return [
        run if run.error or run.contender not in wrong else replace(run, error=wrong[run.contender]) for run in runs
    ]


def wins(section: Section, runs: Sequence[Run]) -> list[Win]:
    """By measure who is best, of those that made the right thing."""
    found = []
    for measure in section.measures:
        spreads = {c.name: s for c in section.contenders if (s := spread_of(runs, c.name, measure)) is not None}
        if spreads:
            found.append(_win(measure, spreads))
    return found


def _win(measure: Measure, spreads: dict[str, Spread]) -> Win:
    ranked = sorted(spreads, key=lambda name: spreads[name].median, reverse=measure.more_wins)
    winner = ranked[0]
    second = next((name for name in ranked if is_ours(name) != is_ours(winner)), None)
    if second is None:
        return Win(measure.name, winner)
    one, other = spreads[winner], spreads[second]
    factor = ratio(one, other) if measure.more_wins else ratio(other, one)
    return Win(measure.name, winner, second, factor, not one.overlaps(other))


def _told(proof: Proof) -> str:
    return f"{proof.rows:,} rows with checksum {proof.checksum}"
