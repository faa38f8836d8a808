"""Charts of tweets over time. Spans of years are common: the resolution follows the span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from cli.report.style import ACCENT, COLOURS, HEAT, WARM, figure, slider
from tideline.verdicts import COUNT, SILENCE

Rows = list[dict[str, Any]]

HOUR = timedelta(hours=1)
LONG_SPAN = timedelta(days=60)
"""Above this the hourly chart opens on the days around its busiest hour; the slider shows the rest."""

WEEKLY_FROM = timedelta(days=400)
"""Above this a day would be thinner than a pixel, and the daily chart shows weeks."""

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def tweets_per_hour(rows: Rows, standing_out: Rows) -> go.Figure:
    """A line over all hours with a range slider, and a mark on each hour that stands out.

    Args:
        rows: hours with tweets; those without are 0, not left out.
        standing_out: verdicts on hours, by count or by the share in quarantine.
    """
    points = fill_gaps([(row["period_hour"], row["tweets_per_hour"]) for row in rows])
    line = go.Scatter(
        x=[hour for hour, _ in points],
        y=[tweets for _, tweets in points],
        mode="lines",
        line={"shape": "hv", "width": 1.4, "color": ACCENT},
        fill="tozeroy",
        fillcolor="rgba(47,126,216,0.14)",
        hovertemplate="%{x|%a %d %b %Y %H:00}<br>%{y:,} tweets<extra></extra>",
        showlegend=False,
    )
    marks = [_marks(standing_out, *kind) for kind in _MARKS if any(kind[1](row) for row in standing_out)]
    axis = {"rangeslider": slider(), "range": opening_range(rows)}
    chart = figure(line, *marks, height=360, showlegend=bool(marks), xaxis=axis)
    return chart.update_yaxes(rangemode="tozero")


_MARKS: tuple[tuple[str, Callable[[dict[str, Any]], bool], str, str], ...] = (
    ("more than usual", lambda row: row["rule"] == COUNT and row["score"] > 0, "triangle-up", WARM),
    ("fewer than usual", lambda row: row["rule"] == COUNT and row["score"] < 0, "triangle-down", COLOURS[4]),
    ("silence", lambda row: row["rule"] == SILENCE, "x", COLOURS[4]),
)
"""What a mark says, on which verdicts it stands, its shape and colour."""


def _marks(rows: Rows, name: str, wanted: Callable[[dict[str, Any]], bool], symbol: str, colour: str) -> go.Scatter:
    own = [row for row in rows if wanted(row)]
    return go.Scatter(
        x=[row["window_start"] for row in own],
        y=[row["value"] for row in own],
        customdata=[[row["id"], row["baseline"], row["score"]] for row in own],
        mode="markers",
        name=name,
        marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 1, "color": "white"}},
        hovertemplate="%{x|%a %d %b %Y %H:00}<br>%{y:,} tweets, expected %{customdata[1]:,.0f}<br>"
        "score %{customdata[2]:+.1f}, id %{customdata[0]}<extra>%{fullData.name}</extra>",
    )


def fill_gaps(points: list[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """Add a zero at both ends of every gap between hours; the points are in time order."""
    filled: list[tuple[datetime, int]] = []
    for hour, tweets in points:
        if filled and hour - filled[-1][0] > HOUR:
            filled += [(filled[-1][0] + HOUR, 0), (hour - HOUR, 0)]
        filled.append((hour, tweets))
    return filled


def opening_range(rows: Rows) -> list[datetime] | None:
    """The fortnight around the busiest hour when the span is long, else everything (null)."""
    hours = [row["period_hour"] for row in rows]
    if not hours or hours[-1] - hours[0] <= LONG_SPAN:
        return None
    busiest = max(rows, key=lambda row: row["tweets_per_hour"])["period_hour"]
    return [busiest - timedelta(days=7), busiest + timedelta(days=7)]


def by_week(rows: Rows) -> bool:
    """Whether the daily chart shows weeks."""
    return bool(rows) and rows[-1]["day"] - rows[0]["day"] > WEEKLY_FROM


def tweets_per_day(rows: Rows) -> go.Figure:
    """Bars by day, or by week (from Monday) over a long span."""
    weekly = by_week(rows)
    totals: Counter[date] = Counter()
    for row in rows:
        day = row["day"]
        totals[day - timedelta(days=day.weekday()) if weekly else day] += row["tweets"]
    bars = go.Bar(
        x=list(totals),
        y=list(totals.values()),
        marker={"color": ACCENT, "line": {"width": 0}},
        hovertemplate=("week of " if weekly else "") + "%{x|%a %d %b %Y}<br>%{y:,} tweets<extra></extra>",
    )
    return figure(bars, height=300)


def weekly_rhythm(rows: Rows) -> go.Figure:
    """Tweets by hour of the day and weekday, in UTC."""
    cells: Counter[tuple[int, int]] = Counter()
    for row in rows:
        hour = row["period_hour"]
        cells[hour.weekday(), hour.hour] += row["tweets_per_hour"]
    heat = go.Heatmap(
        z=[[cells[day, hour] for hour in range(24)] for day in range(7)],
        x=list(range(24)),
        y=list(_WEEKDAYS),
        colorscale=HEAT,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{y} %{x}:00 UTC<br>%{z:,} tweets<extra></extra>",
    )
    axis = {"tickvals": [0, 6, 12, 18], "ticktext": ["00:00", "06:00", "12:00", "18:00"], "showgrid": False}
    return figure(heat, height=300, xaxis=axis, yaxis={"autorange": "reversed", "showgrid": False})
