"""Silver of any size, seeded, in seconds: tweets and emissions, written by deltalake in files of a million rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import WriterProperties, write_deltalake

from tideline.lake import table_path
from tideline.settings import Settings

FILE_ROWS = 1_000_000
DAYS = 30
DOMAINS, COUNTRIES = 2_000, 60
FORMATS = ("banner", "native", "video", "audio", "interstitial")
DEVICES = ("phone", "desktop", "tablet", "tv")
SIZES = ("300x250", "728x90", "320x50")
COVERAGES = ("measured", "modeled")
BEGIN = datetime(2024, 3, 1, tzinfo=UTC)

Numbers = npt.NDArray[np.int64]


def write_silver(lake: Settings, rows: int, seed: int = 7) -> None:
    """Write both silver tables, half of the rows each."""
    for name, make in (("silver.emissions", emissions), ("silver.tweets", tweets)):
        for batch in _batches(make, rows // 2, seed):
            path, properties = table_path(lake, name), WriterProperties(compression="SNAPPY")
            write_deltalake(path, batch, mode="append", writer_properties=properties)


def emissions(first: int, count: int, rng: np.random.Generator) -> pa.Table:
    """Rows of silver.emissions: domains of many sizes, a few rows without format, device or coverage, a few of 0."""
    parts = [rng.lognormal(7, 1.2, count).astype(np.int64) for _ in range(3)]
    zero = rng.random(count) < 0.001
    parts = [np.where(zero, 0, part) for part in parts]
    columns = {
        "event_id": _text("run:", first, count),
        "date": pc.add(pa.scalar(BEGIN.date()).cast(pa.int32()), _int32(rng.integers(0, DAYS, count))).cast(
            pa.date32()
        ),
        "domain": _picked(
            [f"site-{n}.example" for n in range(DOMAINS)], (DOMAINS * rng.random(count) ** 3).astype(int)
        ),
        "format": _picked(FORMATS, rng.integers(0, len(FORMATS), count), rng.random(count) < 0.01),
        "country": _picked([f"C{n:02}" for n in range(COUNTRIES)], rng.integers(0, COUNTRIES, count)),
        "ad_size": _picked(SIZES, rng.integers(0, len(SIZES), count)),
        "device": _picked(DEVICES, rng.integers(0, len(DEVICES), count), rng.random(count) < 0.01),
        "adSelectionEmissions": _decimals(parts[0]),
        "creativeDistributionEmissions": _decimals(parts[1]),
        "mediaDistributionEmissions": _decimals(parts[2]),
        "totalEmissions": _decimals(sum(parts, np.zeros(count, np.int64))),
        "domainCoverage": _picked(COVERAGES, rng.integers(0, 2, count), rng.random(count) < 0.02),
    }
    return pa.table(columns | _coordinates("emissions", first, count))


def tweets(first: int, count: int, rng: np.random.Generator) -> pa.Table:
    """Rows of silver.tweets, spread over the days."""
    ids = np.arange(first + 1, first + count + 1)
    columns = {
        "event_id": _text("", first, count),
        "tweet_id": pa.array(ids),
        "event_time": _times(rng.integers(0, DAYS * 86_400, count) * 1_000_000),
        "lang": _picked(("en", "fr", "es", "pt"), rng.integers(0, 4, count), rng.random(count) < 0.1),
        "country_code": _picked(("US", "FR", "BR"), rng.integers(0, 3, count), rng.random(count) < 0.5),
    }
    return pa.table(columns | _coordinates("tweets", first, count))


def _batches(make: Callable[[int, int, np.random.Generator], pa.Table], rows: int, seed: int) -> Iterator[pa.Table]:
    for first in range(0, rows, FILE_ROWS):
        yield make(first, min(FILE_ROWS, rows - first), np.random.default_rng([seed, first]))


def _coordinates(topic: str, first: int, count: int) -> dict[str, pa.Array]:
    number = np.arange(first, first + count)
    return {
        "topic": pa.array([topic] * count),
        "partition": _int32(number % 2),
        "offset": pa.array(number // 2),
        "kafka_timestamp": _times(DAYS * 86_400_000_000 + number * 1_000),
    }


def _times(microseconds: Numbers) -> pa.Array:
    begin = int(BEGIN.timestamp()) * 1_000_000
    return pa.array(begin + microseconds).cast(pa.timestamp("us", "UTC"))


def _int32(values: Numbers) -> pa.Array:
    return pa.array(values.astype(np.int32))


def _decimals(millionths: Numbers) -> pa.Array:
    halves = np.stack([millionths, np.zeros_like(millionths)], axis=1)
    whole = pa.Array.from_buffers(pa.decimal128(38, 6), len(millionths), [None, pa.py_buffer(halves.tobytes())])
    return whole.cast(pa.decimal128(18, 6))


def _picked(words: Sequence[str], places: Numbers, missing: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=missing), list(words)).cast(pa.string())


def _text(prefix: str, first: int, count: int) -> pa.Array:
    numbers = pa.array(np.arange(first, first + count)).cast(pa.string())
    return pc.binary_join_element_wise(prefix, numbers, "")
