"""Verdicts on literal weeks of counts, however the records come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.arrivals import HOUR_US, Clocks, add_clocks, arrivals_rows, count_arrivals, no_clocks, parse_arrivals
from tideline.hour_verdicts import all_rows, counts_of, judged_span, update_verdicts, verdict_rows, watched_of
from tideline.rows import arrow_schema
from tideline.schemas import TABLES
from tideline.verdicts import Counts, Verdict, hour_of, time_of, verdict_id
from tideline.windows import DAY, WEEK, Rules, affected, windows_of

RULES = Rules(weeks=8, least_weeks=4, score=5.0, noise=0.05, least=10)
MONDAY = 439_752 // WEEK * WEEK + 4 * DAY
TABLE = "live.tweet_hour_verdicts"

Event = tuple[int, int, str | None]
"""The event's hour, the second in which Kafka received it, and its language."""


def events(counts: dict[int, int], lang: str | None = "en") -> list[Event]:
    """So many events in these hours after the first Monday, received as they happened."""
    return [
        (MONDAY + hour, (MONDAY + hour) * 3600 + n % 3600, lang) for hour, n_s in counts.items() for n in range(n_s)
    ]


def weeks(count: int, usual: int = 100, hours: Iterable[int] = range(48)) -> dict[int, int]:
    """As many events in these hours of each week."""
    return {week * WEEK + hour: usual for week in range(count) for hour in hours}


def clocks(rows: Iterable[Event]) -> Clocks:
    found = list(rows)
    times = [
        pa.array([s * 1_000_000 for s in seconds], pa.timestamp("us", "UTC"))
        for seconds in ([hour * 3600 for hour, _, _ in found], [received for _, received, _ in found])
    ]
    reasons = pa.array([[] for _ in found], pa.list_(pa.string()))
    return count_arrivals(pa.table([*times, reasons], ["event_time", "kafka_timestamp", "reasons"]), "tweets")


def counted(rows: Iterable[Event]) -> Counts:
    cells = Counter((hour, lang) for hour, _, lang in rows)
    start = pa.array([hour * HOUR_US for hour, _ in cells], pa.timestamp("us", "UTC"))
    langs = pa.array([lang for _, lang in cells], pa.string())
    return counts_of(
        pa.table([start, langs, list(cells.values())], ["window_start", "lang", "tweets"]), "tweets", ["lang"]
    )


def update(before: Iterable[Event], after: Iterable[Event], stored: pa.Table) -> list[Verdict]:
    old, new = list(before), list(after)
    return update_verdicts("tweets", clocks(old), clocks(new), lambda *_: counted(new), RULES, watched_of(stored))


NOTHING = arrow_schema(TABLES[TABLE]).empty_table()


def verdicts(rows: Iterable[Event]) -> dict[tuple[str, str, int, int], Verdict]:
    found = update([], list(rows), NOTHING)
    return {(v.rule, v.entity, v.hour - MONDAY, v.width): v for v in found}


def test_a_burst_and_a_drop_stand_out_with_the_numbers_behind_them() -> None:
    found = verdicts(events(weeks(6) | {5 * WEEK + 10: 400, 5 * WEEK + 20: 30}))
    assert {key for key in found if key[1] == "tweets"} == {
        ("unusual count", "tweets", 5 * WEEK + 10, 1),
        ("unusual count", "tweets", 5 * WEEK + 20, 1),
    }
    burst = found["unusual count", "tweets", 5 * WEEK + 10, 1]
    # Poisson's 100 and 5 % of 100 squared make 125; five weeks make the median uncertain by pi/10 of that.
    assert (burst.value, burst.baseline, burst.history) == (400, 100, 5)
    assert burst.spread == round(float(np.sqrt(125 * (1 + np.pi / 10))), 6)
    assert (burst.score, burst.threshold) == (round(300 / float(np.sqrt(125 * (1 + np.pi / 10))), 6), 5.0)
    assert burst.closed_at == time_of(MONDAY + 5 * WEEK + 11)
    assert burst.id == verdict_id("unusual count", "tweets", MONDAY + 5 * WEEK + 10, 1)
    assert found["unusual count", "tweets", 5 * WEEK + 20, 1].score < -5


def test_quiet_weeks_stay_quiet() -> None:
    rng = np.random.default_rng(1)
    hours = {hour: int(n) for hour, n in enumerate(rng.poisson(60, 12 * WEEK))}
    assert verdicts(events(hours)) == {}


def test_the_open_hour_is_not_judged_and_the_first_record_of_the_next_one_closes_it() -> None:
    weeks_before = events(weeks(5) | {5 * WEEK + hour: 100 for hour in range(10)})
    burst = events({5 * WEEK + 10: 500})
    assert verdicts([*weeks_before, *burst]) == {}
    closing = events({5 * WEEK + 11: 1})
    assert set(verdicts([*weeks_before, *burst, *closing])) == {
        ("unusual count", entity, 5 * WEEK + 10, 1) for entity in ("tweets", "tweets lang=en")
    }


def test_too_few_weeks_are_no_verdict_and_the_span_says_from_when_on_there_is_one() -> None:
    three = events(weeks(4) | {3 * WEEK + 10: 900})
    assert verdicts(three) == {}
    assert judged_span(clocks(three)["event"], RULES) is None
    five = clocks(events(weeks(5)))["event"]
    assert judged_span(five, RULES) == (MONDAY + 4 * WEEK, MONDAY + 4 * WEEK + 46)


def test_an_hour_without_any_record_is_judged_too_and_called_silence() -> None:
    hours = weeks(6)
    del hours[5 * WEEK + 10]
    assert ("silence", "tweets", 5 * WEEK + 10, 1) in verdicts(events(hours))


def test_few_events_an_hour_stand_out_as_a_day() -> None:
    found = verdicts(events(weeks(6, 5, range(72)) | {5 * WEEK + 24 + hour: 0 for hour in range(24)}))
    assert {(rule, hour, width) for rule, entity, hour, width in found if entity == "tweets"} == {
        ("silence", 5 * WEEK + 24, 24)
    }


def test_neither_a_day_of_outage_nor_a_stray_record_of_long_ago_makes_a_history() -> None:
    stray = events({-30 * WEEK: 1})
    assert verdicts([*stray, *events(weeks(4) | {3 * WEEK + 10: 900})]) == {}
    # Of eight earlier weeks four were an outage: the other four say what is usual.
    alive = {hour: n for hour, n in weeks(9).items() if hour // WEEK not in (1, 3, 5, 6)}
    assert verdicts(events(alive)) == {}


def test_a_part_of_the_source_is_judged_against_itself() -> None:
    english, french = events(weeks(6, 300)), events(weeks(6, 40) | {5 * WEEK + 7: 0}, "fr")
    unknown = events(weeks(6, 20) | {5 * WEEK + 9: 200}, None)
    found = {key[:3] for key in verdicts([*english, *french, *unknown])}
    assert ("unusual count", "tweets without lang", 5 * WEEK + 9) in found
    assert {entity for _, entity, hour in found if hour == 5 * WEEK + 7} <= {"tweets lang=fr"}


def test_a_difference_of_few_events_never_stands_out() -> None:
    assert verdicts(events(weeks(6, 1) | {5 * WEEK + 10: 10})) == {}
    assert len(verdicts(events(weeks(6, 1) | {5 * WEEK + 10: 15}))) > 0


def test_a_jump_in_the_share_of_quarantined_records_stands_out_and_a_fall_does_not() -> None:
    bad = {hour: 20 if hour < 30 else 200 if hour == 30 else 0 for hour in range(40)}
    times = [(MONDAY + hour) * HOUR_US + n for hour in range(40) for n in range(1000)]
    reasons = [["broken"] if n < bad[hour] else [] for hour in range(40) for n in range(1000)]
    rows = pa.table(
        {
            "kafka_timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "reasons": pa.array(reasons, pa.list_(pa.string())),
        }
    )
    after = count_arrivals(rows, "emissions")
    no_counts = Counts(["emissions"], *(np.empty(0, dtype=np.int64) for _ in range(3)))
    found = update_verdicts("emissions", no_clocks("emissions"), after, lambda *_: no_counts, RULES, frozenset())
    assert [(v.rule, v.entity, v.hour - MONDAY, v.value, v.baseline) for v in found] == [
        ("quarantine share", "emissions", 30, 0.2, 0.02)
    ]


def test_only_windows_that_rest_on_other_records_are_judged_again() -> None:
    before = events(weeks(8))
    late = (MONDAY + 2 * WEEK + 5, (MONDAY + 8 * WEEK) * 3600, "en")
    old, new = (windows_of(clocks(rows)["event"], 1, RULES) for rows in (before, [*before, late]))
    again = set(new.hours[affected(old, new)] - MONDAY)
    # Its own day has too little history; on the same day of later weeks all hours go by how much they varied together.
    assert again == {week * WEEK + hour for week in range(4, 8) for hour in range(24)}
    assert not affected(new, new).any()


def test_a_late_record_withdraws_a_flag_and_the_row_stays() -> None:
    hours = weeks(6) | {5 * WEEK + 10: 20}
    early = events(hours)
    stored = all_rows(TABLE, update([], early, NOTHING), NOTHING)
    assert set(stored["state"].to_pylist()) == {"flagged"}
    later = [(hour, received + 3600 * WEEK, lang) for hour, received, lang in events({5 * WEEK + 10: 75})]
    again = verdict_rows(TABLE, update(early, [*early, *later], stored), stored)
    assert set(again["state"].to_pylist()) == {"withdrawn"}
    assert set(again["id"].to_pylist()) == set(stored["id"].to_pylist())
    assert set(again["value"].to_pylist()) == {95.0}
    assert again["first_seen"].to_pylist() == stored["first_seen"].to_pylist()
    assert min(again["last_judged"].to_pylist()) > max(stored["last_judged"].to_pylist())


def test_what_a_rebuild_does_not_find_is_withdrawn_not_deleted() -> None:
    found = update([], events(weeks(6) | {5 * WEEK + 10: 400}), NOTHING)
    stored = all_rows(TABLE, found, NOTHING)
    quiet = all_rows(TABLE, [], pa.concat_tables([stored, stored]))
    assert quiet["id"].to_pylist() == stored["id"].to_pylist()
    assert set(quiet["state"].to_pylist()) == {"withdrawn"}


def test_arrivals_survive_being_written_and_read() -> None:
    before = clocks(events(weeks(2)))
    after = parse_arrivals(arrivals_rows(before), "tweets")
    by = [("clock", "ascending"), ("window_start", "ascending")]
    assert arrivals_rows(after).sort_by(by).equals(arrivals_rows(before).sort_by(by))
    assert hour_of(time_of(MONDAY)) == MONDAY


RNG = np.random.default_rng(7)
MESSY = events(
    {hour: int(n) for hour, n in enumerate(RNG.poisson(3, 7 * WEEK)) if hour % WEEK < 2 * DAY and RNG.random() > 0.05}
    | {5 * WEEK + 10: 60, 6 * WEEK + 3: 80, 6 * WEEK + 30: 0}
)


@settings(max_examples=12, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, len(MESSY)), max_size=6), st.booleans())
def test_any_order_and_any_cut_end_in_the_same_flags(shuffle: object, cuts: list[int], in_order: bool) -> None:
    rows = list(MESSY)
    if not in_order:
        shuffle.shuffle(rows)  # type: ignore[attr-defined]
    stored, have = NOTHING, no_clocks("tweets")
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(rows)], strict=True):
        part, known = clocks(rows[start:end]), counted(rows[:end])
        now = add_clocks(have, part)
        found = update_verdicts("tweets", have, now, lambda *_, k=known: k, RULES, watched_of(stored))
        new = verdict_rows(TABLE, found, stored)
        kept = [row for row in stored.to_pylist() if row["id"] not in set(new["id"].to_pylist())]
        stored, have = pa.concat_tables([new, pa.Table.from_pylist(kept, schema=new.schema)]), now
    assert flagged(stored) == flagged(all_rows(TABLE, update([], MESSY, NOTHING), NOTHING)) != set()


def flagged(rows: pa.Table) -> set[tuple[object, ...]]:
    """All that stands, but for the column that only the table itself can know."""
    return {
        tuple(value for name, value in row.items() if name != "first_seen")
        for row in rows.to_pylist()
        if row["state"] == "flagged"
    }
