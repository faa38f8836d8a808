"""The judge of a source's hours on tables made by ``deltalake`` itself: batches, crashes, restarts. No Spark."""

from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.streaming.hours import HOUR, MONDAY, WEEK, Stream, tweets, week
from tideline.lake import table_path
from tideline.settings import Settings
from tideline.sources import ARRIVALS, HOUR_VERDICTS

TABLES = (ARRIVALS["tweets"], HOUR_VERDICTS["tweets"])


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return Stream(Settings(home=tmp_path))


def test_batches_after_the_first_give_what_a_rebuild_gives_and_the_arrivals_of_all_of_bronze(stream: Stream) -> None:
    stream.take(week(0) + week(1) + week(2))
    assert stream.verdicts() == []
    stream.take(week(3) + week(4, h3=200))
    stream.take(week(5, h5=0, h7=150) + tweets(MONDAY, 5, 90_000, reasons=["broken"]))
    stream.restart()
    stream.take(week(6) + tweets(MONDAY + 4 * WEEK + 4 * HOUR, 100, 91_000, kafka_timestamp=MONDAY + 6 * WEEK))
    assert stream.flagged() == stream.expected()
    hours = [row for row in stream.verdicts() if row["entity"] == "tweets" and row["hours"] == 1]
    assert {row["window_start"] for row in hours} == {
        MONDAY + 4 * WEEK + 3 * HOUR,
        MONDAY + 4 * WEEK + 4 * HOUR,
        MONDAY + 5 * WEEK + 7 * HOUR,
    }
    found = {(row["clock"], row["window_start"]): row for row in stream.read(ARRIVALS["tweets"])}
    assert sum(row["records"] for (clock, _), row in found.items() if clock == "kafka") == len(stream.rows)
    assert found["kafka", MONDAY]["quarantined"] == 5
    assert found["event", MONDAY]["records"] == 30


def test_a_batch_that_is_repeated_after_a_crash_changes_nothing(stream: Stream) -> None:
    stream.take(week(0) + week(1) + week(2) + week(3))
    stream.take(week(4, h3=200) + week(5))
    before = [DeltaTable(table_path(stream.settings, name)).version() for name in TABLES]
    flagged = stream.flagged()
    stream.restart()
    stream.judge.after_batch(stream.batch)
    assert [DeltaTable(table_path(stream.settings, name)).version() for name in TABLES] == before
    # Killed between the verdicts and the arrivals: the arrivals do not name the version, so all of it is done again.
    Path(table_path(stream.settings, ARRIVALS["tweets"]), "_delta_log", f"{before[0]:020}.json").unlink()
    stream.restart()
    stream.judge.after_batch(stream.batch)
    assert (stream.flagged(), stream.expected()) == (flagged, flagged)
    assert sum(row["records"] for row in stream.read(ARRIVALS["tweets"]) if row["clock"] == "kafka") == len(stream.rows)


def test_a_flag_that_late_rows_explain_is_withdrawn_and_keeps_when_it_was_first_seen(stream: Stream) -> None:
    stream.take([row for number in range(5) for row in week(number, **{f"h{hour}": 300 for hour in range(10)})])
    stream.take(week(5, h3=20, **{f"h{hour}": 300 for hour in (0, 1, 2, 4, 5, 6, 7, 8, 9)}))
    first = {row["id"]: row for row in stream.verdicts()}
    assert [row["value"] for row in first.values() if row["entity"] == "tweets"] == [20.0]
    late = MONDAY + 5 * WEEK + 12 * HOUR
    stream.take(tweets(MONDAY + 5 * WEEK + 3 * HOUR, 270, 95_000, kafka_timestamp=late))
    now = {row["id"]: row for row in stream.verdicts()}
    assert {(row["state"], row["value"]) for row in now.values()} == {("withdrawn", 290.0)}
    assert {i: row["first_seen"] for i, row in now.items()} == {i: row["first_seen"] for i, row in first.items()}
    assert {row["last_judged"] for row in now.values()} == {late}
    assert stream.flagged() == stream.expected() == set()


def test_emission_rows_are_judged_by_kafkas_hours_and_a_stream_that_counted_before_judges_all_of_bronze(
    tmp_path: Path,
) -> None:
    stream = Stream(Settings(home=tmp_path), "emissions", "device")
    rows = [row for number in range(5) for row in week(number, h3=30 if number < 4 else 200)]
    stream.batch = 6
    stream.take([row | {"device": ("ctv", None)[row["offset"] % 3 == 0], "event_time": None} for row in rows])
    assert {(row["entity"], row["window_start"], row["hours"]) for row in stream.verdicts()} >= {
        (entity, MONDAY + 4 * WEEK + 3 * HOUR, 1)
        for entity in ("emissions", "emissions device=ctv", "emissions without device")
    }
    assert {row["clock"] for row in stream.read(ARRIVALS["emissions"])} == {"kafka"}
    assert stream.flagged() == stream.expected()


def test_a_share_in_quarantine_is_judged_when_the_next_hour_comes_in_a_batch_of_its_own(stream: Stream) -> None:
    stream.take(week(0) + week(1) + week(2))
    stream.take(tweets(MONDAY + 3 * WEEK, 60, 90_000, reasons=["broken"]))
    assert stream.verdicts() == []
    stream.take(tweets(MONDAY + 3 * WEEK + HOUR, 5, 95_000))
    found = [(row["rule"], row["entity"], row["window_start"], row["value"]) for row in stream.verdicts()]
    assert found == [("quarantine share", "tweets", MONDAY + 3 * WEEK, 1.0)]
    assert stream.flagged() == stream.expected()
