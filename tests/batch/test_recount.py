"""Events recounted from literal bronze rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

import batch.recount
from batch.recount import Recounted, comparisons, count_gold, count_live, recount
from tests.cli.builders import bronze_row
from tests.integration.recount import first_events, read
from tideline.lake import open_log
from tideline.rows import append_rows
from tideline.settings import Settings

TEN = datetime(2020, 3, 1, 10, tzinfo=UTC)
ELEVEN = TEN + timedelta(hours=1)
DAY = date(2024, 3, 31)
NOON = datetime(2024, 3, 31, 12, tzinfo=UTC)
ALL = {0: 99}


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def tweets(lake: Settings, windows: list[datetime], upto: dict[int, int] = ALL) -> dict[Any, Recounted]:
    hourly = comparisons(lake)[0]
    return recount(open_log(lake, "bronze.tweets"), hourly, windows, upto, lake.horizon_minutes)


def tweet(offset: int, event_id: str, time: datetime, *reasons: str, **columns: Any) -> dict[str, Any]:
    return bronze_row("tweets", 0, offset, event_id, *reasons, event_time=time, **columns)


def test_an_event_counts_in_the_window_of_its_first_valid_row(lake: Settings) -> None:
    rows = [
        tweet(0, "a", TEN, "broken"),
        tweet(1, "a", ELEVEN),
        tweet(2, "a", TEN),
        tweet(3, "b", TEN),
        tweet(4, "c", TEN, "broken"),
    ]
    append_rows(lake, "bronze.tweets", rows)
    assert tweets(lake, [TEN, ELEVEN]) == {(TEN,): Recounted(1), (ELEVEN,): Recounted(1)}


def test_an_event_whose_first_row_lies_in_a_window_that_is_not_looked_at_does_not_count_in_another(
    lake: Settings,
) -> None:
    append_rows(lake, "bronze.tweets", [tweet(0, "a", TEN), tweet(1, "a", ELEVEN), tweet(2, "b", ELEVEN)])
    assert tweets(lake, [ELEVEN])[(ELEVEN,)] == Recounted(1)


def test_only_offsets_up_to_a_version_count(lake: Settings) -> None:
    append_rows(lake, "bronze.tweets", [tweet(n, f"e{n}", TEN) for n in range(5)])
    assert tweets(lake, [TEN], {0: 2}) == {(TEN,): Recounted(3)}
    assert tweets(lake, [TEN], {}) == {}


def test_resends_later_than_the_horizon_are_told_from_those_within(lake: Settings) -> None:
    late, within = timedelta(minutes=121), timedelta(minutes=120)
    rows = [
        tweet(n, e, TEN, kafka_timestamp=NOON + after)
        for n, (e, after) in enumerate(
            [("a", timedelta()), ("a", within), ("a", late), ("b", timedelta()), ("b", within)]
        )
    ]
    append_rows(lake, "bronze.tweets", rows)
    assert tweets(lake, [TEN]) == {(TEN,): Recounted(2, late_resends=1)}


def test_a_random_mess_is_what_pandas_counts(lake: Settings) -> None:
    random = Random(3)
    rows = [
        bronze_row(
            *("tweets", random.randrange(3), offset, f"e{random.randrange(120)}"),
            *(["broken"] if random.random() < 0.2 else []),
            event_time=TEN + timedelta(minutes=random.randrange(600)),
            kafka_timestamp=NOON + timedelta(minutes=random.randrange(300)),
        )
        for offset in range(400)
    ]
    append_rows(lake, "bronze.tweets", rows)
    hours = first_events(read(lake, "bronze.tweets")).event_time.dt.floor("h").value_counts()
    windows = [hour.to_pydatetime() for hour in hours.index]
    found = tweets(lake, windows, dict.fromkeys(range(3), 400))
    assert {key: counted.events for key, counted in found.items() if counted.events} == {
        (hour.to_pydatetime(),): count for hour, count in hours.items()
    }


def test_many_windows_are_looked_at_as_one_stretch(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch.recount, "LISTED_WINDOWS", 1)
    append_rows(lake, "bronze.tweets", [tweet(0, "a", TEN), tweet(1, "b", ELEVEN)])
    assert tweets(lake, [TEN, ELEVEN]) == {(TEN,): Recounted(1), (ELEVEN,): Recounted(1)}


def test_a_null_is_a_dimension_of_its_own_and_live_and_gold_are_counted_alike(lake: Settings) -> None:
    by_device = next(c for c in comparisons(lake) if c.gold == "gold.daily_by_country_device")
    emissions = [{"country": "FR", "device": d, "date": DAY} for d in ("phone", None, None)]
    rows = [bronze_row("emissions", 0, n, f"e{n}", **emission) for n, emission in enumerate(emissions)]
    append_rows(lake, "bronze.emissions", rows)
    keys = {(DAY, "FR", "phone"): 1, (DAY, "FR", None): 2}
    for table, day, count in ((by_device.live, "window_start", "emissions"), (by_device.gold, "date", "record_count")):
        counts = [{day: d, "country": c, "device": v, count: n} for (d, c, v), n in keys.items()]
        append_rows(lake, table, counts)
    assert count_live(open_log(lake, by_device.live), by_device) == keys
    assert count_gold(open_log(lake, by_device.gold), by_device) == keys
    found = recount(open_log(lake, "bronze.emissions"), by_device, [DAY], ALL, 120)
    assert {key: counted.events for key, counted in found.items()} == keys


def test_dimensions_that_live_does_not_count_by_are_not_compared() -> None:
    without = comparisons(Settings(emission_dimensions=("domain",)))
    assert [c.dimensions for c in without if c.source == "emissions"] == [(), ("domain",)]
