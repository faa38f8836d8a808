"""What a table holds of each partition: firsts, lasts, gaps and doubles, in any order and over array borders."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import tideline.coverage
from tideline.coverage import CHUNK, read_coverage
from tideline.lake import open_log
from tideline.rows import append_rows
from tideline.settings import Settings

Found = tuple[int, int, int, int, list[list[int]], list[list[int]]]


def write(lake: Settings, *offsets: int, partition: int = 0, topic: str = "tweets") -> None:
    """Append rows of these offsets as one file."""
    append_rows(lake, "bronze.tweets", [{"topic": topic, "partition": partition, "offset": o} for o in offsets])


def found(lake: Settings) -> dict[tuple[str, int], Found]:
    return {
        (c.topic, c.partition): (c.first, c.last, c.rows, c.offsets, c.missing.tolist(), c.doubled.tolist())
        for c in read_coverage(open_log(lake, "bronze.tweets"))
    }


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_a_table_without_rows_covers_nothing(lake: Settings) -> None:
    write(lake)
    assert found(lake) == {}


def test_partitions_and_topics_are_told_apart_in_whatever_files_they_lie(lake: Settings) -> None:
    write(lake, 5, 6, 7)
    append_rows(
        lake,
        "bronze.tweets",
        [
            {"topic": t, "partition": p, "offset": o}
            for t, p, o in [("tweets", 1, 0), ("other", 0, 9), ("tweets", 0, 8)]
        ],
    )
    assert found(lake) == {
        ("other", 0): (9, 9, 1, 1, [], []),
        ("tweets", 0): (5, 8, 4, 4, [], []),
        ("tweets", 1): (0, 0, 1, 1, [], []),
    }


def test_gaps_and_doubles_are_ranges_and_a_double_does_not_make_up_for_a_gap(lake: Settings) -> None:
    write(lake, 0, 1, 1, 2, 5)
    write(lake, 9, 2, 1)
    assert found(lake)["tweets", 0] == (0, 9, 8, 5, [[3, 5], [6, 9]], [[1, 3]])


@pytest.mark.parametrize("open_chunks", [1, 32])
def test_what_lies_over_the_borders_of_arrays_is_one_range(
    lake: Settings, monkeypatch: pytest.MonkeyPatch, open_chunks: int
) -> None:
    monkeypatch.setattr(tideline.coverage, "OPEN_CHUNKS", open_chunks)
    # Each file comes by itself.
    monkeypatch.setattr(tideline.coverage, "ROWS_AT_ONCE", 1)
    around = [CHUNK - 2, CHUNK - 1, CHUNK, CHUNK + 1]
    write(lake, 0, *around, 3 * CHUNK)
    write(lake, *around)
    assert found(lake)["tweets", 0] == (
        0,
        3 * CHUNK,
        10,
        6,
        [[1, CHUNK - 2], [CHUNK + 2, 3 * CHUNK]],
        [[CHUNK - 2, CHUNK + 2]],
    )


def test_a_random_mess_is_what_counting_says(lake: Settings) -> None:
    random = Random(5)
    offsets = [random.randrange(3_000) for _ in range(5_000)]
    for start in range(0, 5_000, 1_000):
        write(lake, *offsets[start : start + 1_000])
    first, last, rows, distinct, missing, doubled = found(lake)["tweets", 0]
    assert (first, last, rows, distinct) == (min(offsets), max(offsets), 5_000, len(set(offsets)))
    assert {o for start, stop in missing for o in range(start, stop)} == set(range(first, last)) - set(offsets)
    assert {o for start, stop in doubled for o in range(start, stop)} == {o for o in offsets if offsets.count(o) > 1}
