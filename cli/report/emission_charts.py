"""Charts of emissions: by day, by domain, and the rows that a rule flagged."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cli.report.style import ACCENT, COLOURS, HEAT, WARM, figure, label

Rows = list[dict[str, Any]]

LARGEST = 7
"""So many groups have a colour of their own; the others are added up."""


def emissions_by(rows: Rows, dimension: str) -> go.Figure:
    """Stacked bars per day of the largest groups of ``dimension``, and of the others together."""
    series = largest_groups(rows, dimension)
    traces = [
        go.Bar(
            x=list(days),
            y=list(days.values()),
            name=label(group),
            hovertemplate="%{x|%d %b %Y}<br>%{y:,.1f}<extra>%{fullData.name}</extra>",
        )
        for group, days in series.items()
    ]
    return figure(*traces, height=340, barmode="stack", showlegend=True)


def largest_groups(rows: Rows, dimension: str) -> dict[str, dict[date, float]]:
    """Emissions per day of each group, largest first; beyond ``LARGEST`` under "others"."""
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        totals[row[dimension]] += float(row["emissions"])
    order = sorted(totals, key=lambda group: -totals[group])
    named = set(order[:LARGEST])
    series: dict[str, dict[date, float]] = {group: {} for group in order[:LARGEST]}
    for row in rows:
        group = row[dimension] if row[dimension] in named else "others"
        days = series.setdefault(group, {})
        days[row["date"]] = days.get(row["date"], 0.0) + float(row["emissions"])
    return series


def top_domains(rows: Rows, flagged: Rows) -> go.Figure:
    """Horizontal bars of the ten largest domains; outliers (|z| > 2) stand out."""
    scores = {row["domain"]: row for row in flagged}
    found = [scores.get(row["domain"], {}) for row in rows]
    bars = go.Bar(
        x=[float(row["total_emissions"]) for row in rows],
        y=[label(row["domain"]) for row in rows],
        orientation="h",
        marker={"color": [WARM if row.get("is_outlier") else ACCENT for row in found]},
        customdata=["no z-score" if row.get("z_score") is None else f"z = {row['z_score']:.2f}" for row in found],
        hovertemplate="%{y}<br>%{x:,.1f}<br>%{customdata}<extra></extra>",
    )
    return figure(bars, height=340, yaxis={"autorange": "reversed", "type": "category"})


def domain_formats(rows: Rows, domains: list[str]) -> go.Figure:
    """How each domain's emissions split over the formats; shares, so that no domain outshines all."""
    sums = {(row["domain"], row["format"]): float(row["emissions"]) for row in rows}
    formats = sorted({row["format"] for row in rows})
    totals = {domain: sum(sums.get((domain, name), 0.0) for name in formats) for domain in domains}
    heat = go.Heatmap(
        z=[[share(sums.get((domain, name)), totals[domain]) for name in formats] for domain in domains],
        customdata=[[sums.get((domain, name), 0.0) for name in formats] for domain in domains],
        x=[label(name) for name in formats],
        y=[label(domain) for domain in domains],
        colorscale=HEAT,
        showscale=False,
        xgap=2,
        ygap=2,
        texttemplate="%{z:.0%}",
        hovertemplate="%{y} · %{x}<br>%{customdata:,.1f}, %{z:.1%} of the domain<extra></extra>",
    )
    axis = {"type": "category", "showgrid": False}
    return figure(heat, height=340, xaxis=axis, yaxis=axis | {"autorange": "reversed"})


def share(part: float | None, total: float) -> float | None:
    """A part of a total; null where either is missing or the total is 0."""
    return None if part is None or total == 0 else part / total


def anomalies(rows: Rows) -> go.Figure:
    """One panel per rule, since each has its own unit: scores over days, and the threshold as a dashed line."""
    rules = list(dict.fromkeys(row["rule"] for row in rows))
    panels = make_subplots(rows=max(1, len(rules)), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for place, rule in enumerate(rules, start=1):
        flagged = [row for row in rows if row["rule"] == rule]
        colour = COLOURS[place % len(COLOURS)]
        panels.add_trace(_flagged_points(rule, flagged, colour), row=place, col=1)
        panels.add_hline(
            y=flagged[0]["threshold"], line={"color": colour, "dash": "dash", "width": 1}, row=place, col=1
        )
    style = figure(height=140 + 130 * max(1, len(rules)), showlegend=True).layout
    panels.update_layout({key: style[key] for key in style if not key.startswith(("xaxis", "yaxis"))})
    panels.update_xaxes(style.xaxis)
    return panels.update_yaxes(style.yaxis).update_yaxes(title="score", rangemode="tozero")


def _flagged_points(rule: str, rows: Rows, colour: str) -> go.Scatter:
    numbers = ("value", "baseline", "threshold", "score")
    return go.Scatter(
        x=[row["date"] for row in rows],
        y=[row["score"] for row in rows],
        customdata=[[label(row["entity"]), *(_number(row[name]) for name in numbers)] for row in rows],
        mode="markers",
        name=label(rule),
        marker={"color": colour, "size": 7, "opacity": 0.75},
        hovertemplate="%{customdata[0]}<br>%{x|%d %b %Y}<br>value %{customdata[1]}, expected %{customdata[2]}"
        "<br>score %{customdata[4]}, flagged from %{customdata[3]}<extra>%{fullData.name}</extra>",
    )


def _number(value: object) -> str:
    return "none" if value is None else f"{float(str(value)):,.3f}"
