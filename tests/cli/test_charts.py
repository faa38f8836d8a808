from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cli.report.emission_charts import anomalies, domain_formats, largest_groups, top_domains
from cli.report.tweet_charts import by_week, fill_gaps, opening_range, tweets_per_day, tweets_per_hour, weekly_rhythm

HOUR = timedelta(hours=1)
TEN = datetime(2020, 3, 2, 10, tzinfo=UTC)  # a Monday


def hour(start: datetime, tweets: int) -> dict[str, Any]:
    return {"period_hour": start, "tweets_per_hour": tweets}


def test_hours_without_tweets_are_drawn_as_zero() -> None:
    # tweets:  10:00   (none)   (none)   (none)   14:00
    filled = fill_gaps([(TEN, 5), (TEN + 4 * HOUR, 7)])
    assert filled == [(TEN, 5), (TEN + HOUR, 0), (TEN + 3 * HOUR, 0), (TEN + 4 * HOUR, 7)]


def test_neighbouring_hours_need_no_zero() -> None:
    assert fill_gaps([(TEN, 5), (TEN + HOUR, 7)]) == [(TEN, 5), (TEN + HOUR, 7)]


def test_years_open_on_the_fortnight_around_the_busiest_hour() -> None:
    rows = [hour(TEN - timedelta(days=900), 1), hour(TEN, 50), hour(TEN + timedelta(days=900), 2)]
    assert opening_range(rows) == [TEN - timedelta(days=7), TEN + timedelta(days=7)]


def test_weeks_are_shown_whole() -> None:
    assert opening_range([hour(TEN, 1), hour(TEN + timedelta(days=14), 2)]) is None
    assert opening_range([]) is None


def test_a_long_span_is_summed_by_week_from_monday() -> None:
    rows = [{"day": date(2018, 1, 1), "tweets": 1}, {"day": date(2020, 3, 2), "tweets": 2}]
    rows.append({"day": date(2020, 3, 8), "tweets": 3})
    assert by_week(rows)
    [bars] = tweets_per_day(rows).data
    assert list(zip(bars.x, bars.y, strict=True)) == [(date(2018, 1, 1), 1), (date(2020, 3, 2), 5)]


def test_the_rhythm_adds_up_the_same_hour_of_all_weeks() -> None:
    [heat] = weekly_rhythm([hour(TEN, 5), hour(TEN + timedelta(days=7), 6), hour(TEN + HOUR, 1)]).data
    assert heat.z[0][10] == 11
    assert heat.z[0][11] == 1
    assert sum(map(sum, heat.z)) == 12


def test_the_largest_groups_have_a_name_and_the_others_are_added_up() -> None:
    day = date(2024, 3, 1)
    rows = [{"date": day, "country": f"c{i}", "emissions": Decimal(100 - i)} for i in range(9)]
    series = largest_groups(rows, "country")
    assert list(series) == [*(f"c{i}" for i in range(7)), "others"]
    assert series["others"] == {day: 93.0 + 92.0}


def test_a_hostile_domain_is_text_in_a_chart() -> None:
    domain = "<img src=x onerror=alert(1)>"
    rows = [{"domain": domain, "total_emissions": Decimal(1)}]
    [bars] = top_domains(rows, []).data
    assert list(bars.y) == ["&lt;img src=x onerror=alert(1)&gt;"]


def test_a_domain_without_emissions_has_no_shares() -> None:
    [heat] = domain_formats([{"domain": "d", "format": "video", "emissions": Decimal(0)}], ["d"]).data
    assert [list(row) for row in heat.z] == [[None]]


def test_each_rule_has_a_panel_with_its_threshold() -> None:
    row = {"entity": "d", "date": date(2024, 3, 1), "value": Decimal(1), "score": 3.0, "baseline": None}
    chart = anomalies([row | {"rule": "a", "threshold": 2.0}, row | {"rule": "b", "threshold": 6.0}])
    assert [trace.name for trace in chart.data] == ["a", "b"]
    assert [shape.y0 for shape in chart.layout.shapes] == [2.0, 6.0]


def test_hours_that_stand_out_are_marked_on_the_curve() -> None:
    verdict = {"id": "3f", "rule": "unusual count", "window_start": TEN, "value": 90.0, "baseline": 30.0, "score": 9.0}
    silent = verdict | {"rule": "silence", "window_start": TEN + HOUR, "value": 0.0, "score": -6.0}
    share = verdict | {"rule": "quarantine share", "value": 0.5}
    chart = tweets_per_hour([hour(TEN, 90), hour(TEN + 2 * HOUR, 30)], [verdict, silent, share])
    marks = {trace.name: (list(trace.x), list(trace.y)) for trace in chart.data if trace.mode == "markers"}
    assert marks == {"more than usual": ([TEN], [90.0]), "silence": ([TEN + HOUR], [0.0])}
    assert [trace.mode for trace in tweets_per_hour([hour(TEN, 90)], []).data] == ["lines"]
