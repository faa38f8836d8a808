"""Synthetic tweets: a file as a busy fortnight would leave it, with known bursts, duplicates and broken lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from producers.rhythm import draw_bursts, minute_weights

GENERATOR = "tweets-1"
"""Name and version of the generator: raised when the same seed gives other bytes, since runs are named by it."""

TWEET_EPOCH_MS = 1_288_834_974_657
"""The time that tweet ids count from, as published with Twitter's Snowflake: ``(id >> 22) + epoch`` is Unix ms."""

HEADER = b"tweet_id\tdate\ttime\tlang\tcountry_code\n"

START = date(2020, 3, 2)
"""A Monday. Fixed: a run must not depend on the day it is made. Past: the lake refuses the future."""

DAYS = 14
"""How many days a file spans when nobody says."""

DUPLICATES_PER_1000 = 10
BROKEN_PER_1000 = 7
BROKEN = (
    "missing column",
    "extra column",
    "not UTF-8",
    "empty line",
    "id not a number",
    "time missing",
    "time unreadable",
)

_LANGUAGES = ("en", "es", "fr", "pt", "ja", "ar", "in", "tr", "de", "it", "und")
_LANGUAGE_SHARES = (0.52, 0.16, 0.06, 0.06, 0.04, 0.04, 0.03, 0.02, 0.02, 0.02, 0.03)
_COUNTRIES = {
    "en": ("US", "GB", "IN", "CA", "NG", "AU"),
    "es": ("ES", "MX", "AR", "CO"),
    "fr": ("FR", "CA", "BE"),
    "pt": ("BR", "PT"),
    "de": ("DE", "AT", "CH"),
}
_WITH_COUNTRY = 0.3
"""Share of tweets that tell a country."""

_DUPLICATE_WITHIN = 5_000
"""Lines between a tweet and its duplicate, at most."""

_CHUNK_LINES = 50_000
_VALID, _DUPLICATE = -2, -1

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PlantedBurst:
    """A burst: it rises at once, and fades.

    Attributes:
        begin: its first minute, such as ``2020-03-04T11:25:00+00:00``.
        height: by how many times the usual it exceeds the usual at first.
        fade_minutes: after these a third of that is left.
    """

    begin: str
    height: float
    fade_minutes: float


@dataclass(frozen=True)
class PlantedTweets:
    """What a synthetic file holds, exactly.

    Attributes:
        run: identifies the run: generator, seed, lines, start and days.
        lines: lines after the header.
        tweets: distinct valid tweets.
        duplicates: lines that repeat an earlier valid line.
        broken: lines that the lake must reject, by kind.
        bursts: when people write much more than usual, in order.
    """

    run: str
    lines: int
    tweets: int
    duplicates: int
    broken: dict[str, int]
    bursts: list[PlantedBurst]


class SyntheticTweets:
    """One run of the generator: the same arguments give the same bytes."""

    def __init__(self, lines: int, seed: int, start: date = START, days: int = DAYS, *, quiet: bool = False) -> None:
        """Lay the run out.

        Args:
            lines: lines after the header, duplicates and broken ones included.
            seed: any integer from 0 on.
            start: the first day, UTC.
            days: how many days the tweets spread over.
            quiet: without bursts.
        """
        self._rng = np.random.default_rng(seed)
        self._start = datetime(start.year, start.month, start.day, tzinfo=UTC)
        bursts = [] if quiet else draw_bursts(self._rng, days)
        self._seconds, self._ids = self._times_and_ids(lines, minute_weights(self._start, days, bursts))
        self._kinds = self._lay_out(lines)
        self._shows = self._with_duplicates()
        self._places = self._with_places(lines)
        counts = {kind: int((self._kinds == code).sum()) for code, kind in enumerate(BROKEN)}
        duplicates = int((self._kinds == _DUPLICATE).sum())
        self.planted = PlantedTweets(
            run=f"{GENERATOR}-seed{seed}-lines{lines}-{start:%Y%m%d}-days{days}{'-quiet' * quiet}",
            lines=lines,
            tweets=int((self._kinds == _VALID).sum()),
            duplicates=duplicates,
            broken=counts,
            bursts=[
                PlantedBurst(
                    (self._start + timedelta(minutes=b.minute)).isoformat(), round(b.height, 3), round(b.fade, 3)
                )
                for b in sorted(bursts, key=lambda burst: burst.minute)
            ],
        )

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes: the header, then many lines at a time."""
        yield HEADER
        days = self._day_texts()
        clock = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86_400)]
        for low in range(0, len(self._kinds), _CHUNK_LINES):
            shows = self._shows[low : low + _CHUNK_LINES]
            seconds = self._seconds[shows]
            rows = zip(
                self._ids[shows].tolist(),
                (seconds // 86_400).tolist(),
                (seconds % 86_400).tolist(),
                self._places[shows].tolist(),
                strict=True,
            )
            lines = [f"{i}\t{days[d]}\t{clock[s]}\t{_PLACES[p]}\n".encode() for i, d, s, p in rows]
            kinds = self._kinds[low : low + _CHUNK_LINES]
            for at in np.flatnonzero(kinds >= 0).tolist():
                lines[at] = broken_line(lines[at], BROKEN[kinds[at]])
            yield b"".join(lines)

    def _times_and_ids(self, lines: int, weights: npt.NDArray[np.float64]) -> tuple[_Ints, _Ints]:
        minutes = self._rng.choice(len(weights), size=lines, p=weights)
        ms = np.sort(minutes * 60_000 + self._rng.integers(0, 60_000, size=lines)).astype(np.int64)
        epoch = int(self._start.timestamp() * 1000) - TWEET_EPOCH_MS
        worker = self._rng.integers(0, 1024, size=lines)
        # The lowest 12 bits count up, so that ids differ even within a millisecond.
        return ms // 1000, (ms + epoch) << 22 | worker << 12 | np.arange(lines) & 0xFFF

    def _lay_out(self, lines: int) -> _Ints:
        """A kind per line: valid, duplicate, or an index into ``BROKEN``. The first line is valid."""
        duplicates = lines * DUPLICATES_PER_1000 // 1000
        broken = lines * BROKEN_PER_1000 // 1000
        kinds = np.full(lines, _VALID, dtype=np.int64)
        places = 1 + self._rng.permutation(lines - 1)[: duplicates + broken]
        kinds[places[:duplicates]] = _DUPLICATE
        kinds[places[duplicates:]] = np.arange(broken) % len(BROKEN)
        return kinds

    def _with_duplicates(self) -> _Ints:
        """For each line, the line whose tweet it shows: its own, or an earlier valid one."""
        shows = np.arange(len(self._kinds))
        valid = np.flatnonzero(self._kinds == _VALID)
        duplicates = np.flatnonzero(self._kinds == _DUPLICATE)
        before = np.searchsorted(valid, duplicates)
        shows[duplicates] = valid[self._rng.integers(np.maximum(0, before - _DUPLICATE_WITHIN), before)]
        return shows

    def _with_places(self, lines: int) -> _Ints:
        languages = self._rng.choice(len(_LANGUAGES), size=lines, p=_LANGUAGE_SHARES)
        tells = self._rng.random(lines) < _WITH_COUNTRY
        country = self._rng.integers(0, 1 << 16, size=lines)
        first = np.array([low for low, _ in _PLACE_RANGES])[languages]
        choices = np.array([count for _, count in _PLACE_RANGES])[languages]
        return first + np.where(tells & (choices > 0), 1 + country % np.maximum(1, choices), 0)

    def _day_texts(self) -> list[str]:
        count = int(np.max(self._seconds)) // 86_400 + 1
        return [f"{self._start + timedelta(days=day):%Y-%m-%d}" for day in range(count)]


def broken_line(line: bytes, kind: str) -> bytes:
    """A valid line with one fault, one of ``BROKEN``."""
    tweet, day, clock, lang, country = line[:-1].split(b"\t")
    faults = {
        "missing column": [tweet, day],
        "extra column": [tweet, day, clock, lang, country, b"?"],
        "not UTF-8": [tweet, day, clock, b"\xff\xfe", country],
        "empty line": [],
        "id not a number": [b"tweet-" + tweet, day, clock, lang, country],
        "time missing": [tweet, b"", b"", lang, country],
        "time unreadable": [tweet, day, b"25:61:00", lang, country],
    }
    return b"\t".join(faults[kind]) + b"\n"


def _places() -> tuple[list[str], list[tuple[int, int]]]:
    """All pairs of language and country as text; per language where its pairs begin, and its countries' number."""
    texts: list[str] = []
    ranges = []
    for lang in _LANGUAGES:
        countries = _COUNTRIES.get(lang, ())
        ranges.append((len(texts), len(countries)))
        texts += [f"{lang}\t{country}" for country in ("", *countries)]
    return texts, ranges


_PLACES, _PLACE_RANGES = _places()
