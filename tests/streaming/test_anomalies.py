"""Row flags on literal rows. No Spark."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.anomalies import (
    BASELINES,
    JUDGED,
    SAMPLE_SIZE,
    Judgement,
    baselines_of,
    extend_samples,
    flag_extremes,
    flag_rows,
    judge,
    sampled_rows,
    samples_of,
    with_changed,
)
from tideline.rows import arrow_schema
from tideline.schemas import TABLES

DAY = date(2026, 1, 1)
START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS = ("adSelectionEmissions", "creativeDistributionEmissions", "mediaDistributionEmissions", "totalEmissions")
EMISSIONS = arrow_schema(TABLES["bronze.emissions"])

Row = dict[str, Any]


def row(offset: int, *numbers: str, **values: object) -> Row:
    """A valid bronze row with these (adSelection, creative, media, total), an event of its own."""
    own = {
        "domain": "a.org",
        "topic": "emissions",
        "partition": 0,
        "offset": offset,
        "kafka_timestamp": START + timedelta(seconds=offset),
        "event_id": f"e{offset}",
        "date": DAY,
        "reasons": [],
    }
    return own | dict(zip(NUMBERS, map(Decimal, numbers), strict=True)) | values


def table(rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=EMISSIONS).select(JUDGED)


def events(*values: tuple[str, str, str, str]) -> pa.Table:
    """Distinct events in offset order."""
    return table(row(offset, *numbers) for offset, numbers in enumerate(values))


FLAGS_OF_NUMBERS = {
    ("1", "2", "3", "6"): [],
    ("1", "2", "3", "6.05"): [],
    ("1", "2", "3", "5.90"): [("components differ from the total", 0.016949, 0.01, 6.0)],
    ("0.01", "0.01", "0.01", "0"): [("components differ from the total", 1.0, 0.01, 0.03)],
    ("0", "0", "0", "0"): [],
    ("-1", "2", "3", "4"): [("negative value", 1.0, 0.0, 0.0)],
    ("-1", "0", "0", "-1"): [("negative value", 1.0, 0.0, 0.0)],
    ("-2.757", "5", "3", "5.243"): [("negative value", 2.757, 0.0, 0.0)],
    ("-1", "2", "3", "4.08"): [
        ("components differ from the total", 0.019608, 0.01, 4.0),
        ("negative value", 1.0, 0.0, 0.0),
    ],
}


def test_a_row_is_flagged_for_what_its_own_numbers_say() -> None:
    found = flag_rows(events(*FLAGS_OF_NUMBERS))
    assert found.schema == arrow_schema(TABLES["live.anomalies"])
    flags = [
        (f["event_id"], f["rule"], f["score"], f["threshold"], f["baseline"])
        for f in found.sort_by([("event_id", "ascending"), ("rule", "ascending")]).to_pylist()
    ]
    assert flags == [(f"e{n}", *flag) for n, expected in enumerate(FLAGS_OF_NUMBERS.values()) for flag in expected]


@pytest.mark.parametrize(
    ("totals", "median", "deviation"), [(["1000"], 3.0, 0.0), (["1", "100", "10"], 1.0, 1.0), (["1", "1000"], 1.5, 1.5)]
)
def test_a_baseline_is_the_median_and_its_distance(totals: list[str], median: float, deviation: float) -> None:
    rows = events(*(("1", "1", "1", total) for total in totals))
    (found,) = baselines_of(sampled_rows(rows)).to_pylist()
    assert (found["median"], found["deviation"]) == pytest.approx((median, deviation))
    assert [event["totalEmissions"] for event in found["sample"]] == [Decimal(total) for total in totals]


def test_a_value_far_from_its_domains_first_events_is_extreme() -> None:
    usual = [("1", "1", "1", str(3 + n % 5 / 10)) for n in range(30)]
    sampled = sampled_rows(events(*usual, ("1", "1", "1", "300"), ("1", "1", "1", "0.03")))
    judged = flag_extremes(sampled, baselines_of(sampled)).sort_by("event_id").to_pylist()
    assert [(f["event_id"], f["rule"], f["baseline"]) for f in judged if f["is_flagged"]] == [
        ("e30", "extreme for its domain", 3.2),
        ("e31", "extreme for its domain", 3.2),
    ]
    assert len(judged) == 32


def test_too_few_events_are_no_baseline() -> None:
    sampled = sampled_rows(events(*[("1", "1", "1", "3")] * 18, ("1", "1", "1", "3000")))
    assert len(flag_extremes(sampled, baselines_of(sampled))) == 0


def test_a_complete_sample_takes_nothing_more_and_an_open_one_takes_each_event_once() -> None:
    everything = sampled_rows(events(*(("1", "1", "1", str(n + 1)) for n in range(60))))
    half, _ = extend_samples(everything.slice(0, 0), everything.slice(0, 30))
    resent = row(70, "1", "1", "1", "5", event_id="e4")
    more = pa.concat_tables([everything.slice(20), sampled_rows(table([resent]))])
    complete, groups = extend_samples(half, more)
    assert sorted(complete["offset"].to_pylist()) == list(range(SAMPLE_SIZE))
    assert groups.to_pylist() == [{"domain": "a.org", "topic": "emissions", "partition": 0}]
    assert [len(part) for part in extend_samples(complete, everything.slice(50))] == [SAMPLE_SIZE, 0]


def test_samples_come_back_from_their_baselines() -> None:
    rows = [row(n, "1", "1", "1", "3", domain=f"{n % 3}.org", partition=n % 2) for n in range(20)]
    samples = sampled_rows(table(rows)).sort_by([("domain", "ascending"), ("partition", "ascending")])
    assert samples_of(baselines_of(samples)) == samples
    assert samples_of(BASELINES.empty_table()) == samples.slice(0, 0)


def test_rows_in_quarantine_are_not_judged_and_nothing_is_no_fault() -> None:
    bad = [row(n, "-1", "1", "1", "3", reasons=["broken"]) for n in range(30)]
    for pieces in ([], [table([])], [table(bad)]):
        found = judge(lambda pieces=pieces: pieces, BASELINES.empty_table())  # type: ignore[misc]
        assert (len(found.flags), len(found.baselines)) == (0, 0)


def test_of_the_copies_of_an_event_the_first_is_judged() -> None:
    first, changed = row(0, "1", "2", "3", "6"), row(1, "-1", "2", "3", "4", event_id="e0")
    for pieces in ([[first, changed]], [[changed], [first]], [[changed, first]]):
        found = judge(lambda pieces=pieces: map(table, pieces), BASELINES.empty_table())  # type: ignore[misc]
        assert len(found.flags) == 0


def emissions(seed: int) -> list[Row]:
    """Rows of two domains in two partitions, some of them extreme, some sent twice."""
    random, rows = Random(seed), list[Row]()
    for offset in range(180):
        copied = random.randrange(offset) if offset and random.random() < 0.2 else None
        if copied is not None:
            # The same values under the same id, in the same partition.
            own = ("domain", "partition", "event_id", *NUMBERS)
            rows.append(row(offset, *("0",) * 4) | {name: rows[copied][name] for name in own})
        else:
            total = random.choice(["3", "3.1", "3.2", "2.9", "2.8", "300", "0.001", "0", "-3"])
            place = {"domain": random.choice("ab"), "partition": random.randrange(2)}
            rows.append(row(offset, "1", "1", "1", total, **place))
    return rows


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1 << 32), st.sets(st.integers(0, 180), max_size=5).map(sorted))
def test_flags_and_baselines_are_the_same_however_the_rows_are_cut(seed: int, cuts: list[int]) -> None:
    rows = emissions(seed)
    whole = judge(lambda: [table(rows)], BASELINES.empty_table())
    # In one batch, but in pieces that come in the wrong order, as the files of a compacted table may.
    halves = [table(rows[len(rows) // 2 :]), table(rows[: len(rows) // 2])]
    assert facts(judge(lambda: halves, BASELINES.empty_table())) == facts(whole)
    stored, flags = BASELINES.empty_table(), dict[tuple[str, ...], Row]()
    for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        # Each batch twice: a crash before Spark notes that it is done has it repeated.
        for _ in range(2):
            found = judge(lambda begin=begin, end=end: [table(rows[begin:end])], stored)  # type: ignore[misc]
            stored = with_changed(stored, found.baselines)
            for flag in found.flags.to_pylist():
                key = tuple(flag[name] for name in TABLES["live.anomalies"].key)
                # As `changed_flags` merges them.
                if not flag["is_flagged"]:
                    flags.pop(key, None)
                elif key not in flags or flags[key]["score"] != flag["score"]:
                    flags[key] = flag
    assert ({frozenset(flag.items()) for flag in flags.values()}, baselines(stored)) == facts(whole)


def facts(found: Judgement) -> tuple[set[frozenset[Any]], list[Row]]:
    """The flags that stand, and the baselines in order."""
    standing = found.flags.filter(pc.field("is_flagged")).to_pylist()
    return {frozenset(flag.items()) for flag in standing}, baselines(found.baselines)


def baselines(rows: pa.Table) -> list[Row]:
    found: list[Row] = rows.sort_by([("domain", "ascending"), ("partition", "ascending")]).to_pylist()
    return found
