"""Charts that only the live page has; the others are those of the result page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from cli.report.freshness import CommitWait
from cli.report.style import ACCENT, COLOURS, figure

Rows = list[dict[str, Any]]

HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=10)
FORTNIGHT = timedelta(days=14)


def arrivals(waits: Iterable[CommitWait]) -> go.Figure:
    """Records per bronze commit, a colour per table."""
    commits = list(waits)
    tables = list(dict.fromkeys(commit.table for commit in commits))
    traces = [
        go.Scatter(
            x=[c.committed_at for c in commits if c.table == table],
            y=[c.rows for c in commits if c.table == table],
            name=table,
            mode="lines+markers",
            line={"width": 1.4, "color": COLOURS[place]},
            marker={"size": 5},
            hovertemplate="%{x|%d %b %H:%M:%S}<br>%{y:,} records<extra>%{fullData.name}</extra>",
        )
        for place, table in enumerate(tables)
    ]
    chart = figure(*traces, height=260, showlegend=True).update_yaxes(rangemode="tozero", title="records")
    return at_least(chart, [c.committed_at for c in commits], MINUTES)


def received(rows: Rows) -> go.Figure:
    """Emission rows by the hour in which Kafka received them."""
    bars = go.Bar(
        x=[row["hour"] for row in rows],
        y=[row["rows"] for row in rows],
        width=HOUR / timedelta(milliseconds=1),
        offset=0,
        marker={"color": ACCENT},
        hovertemplate="%{x|%a %d %b %Y %H:00}<br>%{y:,} rows<extra></extra>",
    )
    chart = figure(bars, height=260).update_yaxes(rangemode="tozero")
    return at_least(chart, [row["hour"] + HOUR / 2 for row in rows], timedelta(days=1))


def at_least(chart: go.Figure, times: Sequence[datetime], span: timedelta) -> go.Figure:
    """Widen a time axis that would show less than ``span``: milliseconds say nothing."""
    if times and max(times) - min(times) < span:
        middle = min(times) + (max(times) - min(times)) / 2
        chart.update_xaxes(range=[middle - span / 2, middle + span / 2])
    return chart


def newest_fortnight(rows: Rows) -> Rows:
    """The hours of the last fortnight in which there were tweets; years of hours would be slow and unreadable."""
    newest = rows[-1]["period_hour"] if rows else None
    return [row for row in rows if newest - row["period_hour"] < FORTNIGHT] if newest else []


def busiest_fortnight(rows: Rows) -> Rows:
    """The hours of the fortnight around the busiest one."""
    if not rows:
        return []
    busiest = max(rows, key=lambda row: row["tweets_per_hour"])["period_hour"]
    return [row for row in rows if abs(row["period_hour"] - busiest) <= FORTNIGHT / 2]


def span(rows: Rows, column: str) -> str:
    """From when to when rows go, in words.

    >>> span([{"day": date(2024, 3, 1)}, {"day": date(2024, 3, 31)}], "day")
    '1 Mar 2024 to 31 Mar 2024'
    """
    if not rows:
        return ""
    first, last = (_day(row[column]) for row in (rows[0], rows[-1]))
    return first if first == last else f"{first} to {last}"


def _day(value: date | datetime) -> str:
    return f"{value.day} {value:%b %Y}"
