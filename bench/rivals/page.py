"""The contests as one page with plots, which needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from bench.result import about
from bench.rivals.contest import Measure
from bench.rivals.report import VERSIONS, Contest, amount, counted, problems
from bench.rivals.verdict import Spread, is_ours, ratio, spread_of, wins
from cli.report.style import COLOURS, figure, label

OURS, RIVAL = COLOURS[0], COLOURS[8]


def write_page(contests: Sequence[Contest], path: Path) -> None:
    """Write the page."""
    environment = Environment(
        loader=PackageLoader("bench.rivals", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["amount"] = amount
    page = environment.get_template("page.html").render(
        about=about(VERSIONS),
        sections=[_section(number, contest) for number, contest in enumerate(contests)],
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _section(number: int, contest: Contest) -> dict[str, object]:
    section, runs = contest.section, contest.runs
    first = section.contenders[0].name
    bars = [_bars(contest, measure) for measure in section.measures]
    return {
        "name": section.name,
        "question": section.question,
        "measures": section.measures,
        "rows": [
            {
                "contender": contender,
                "cells": [
                    (found := spread_of(runs, contender.name, measure), ratio(found, spread_of(runs, first, measure)))
                    for measure in section.measures
                ],
                "runs": counted(runs, contender.name),
            }
            for contender in section.contenders
        ],
        "wins": wins(section, runs),
        "problems": problems(runs),
        "charts": [_embed(f"{number}-{at}", chart) for at, chart in enumerate((*bars, *_lines(contest)))],
    }


def _bars(contest: Contest, measure: Measure) -> go.Figure:
    """Medians with their ranges."""
    found: list[tuple[str, Spread]] = [
        (contender.name, spread)
        for contender in reversed(contest.section.contenders)
        if (spread := spread_of(contest.runs, contender.name, measure)) is not None
    ]
    trace = go.Bar(
        y=[label(name) for name, _ in found],
        x=[spread.median for _, spread in found],
        orientation="h",
        marker_color=[OURS if is_ours(name) else RIVAL for name, _ in found],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [spread.high - spread.median for _, spread in found],
            "arrayminus": [spread.median - spread.low for _, spread in found],
        },
    )
    better = "more is better" if measure.more_wins else "less is better"
    title = f"{measure.name}, {measure.unit} ({better})"
    return figure(trace, height=90 + 34 * len(found), title={"text": label(title), "x": 0}, margin_t=40)


def _lines(contest: Contest) -> list[go.Figure]:
    """What the last runs said over time or number."""
    last = {run.contender: run for run in contest.runs if run.error is None}
    names = sorted({name for run in last.values() for name in run.series})
    return [
        figure(
            *(
                go.Scatter(
                    x=[x for x, _ in run.series[name]], y=[y for _, y in run.series[name]], name=label(contender)
                )
                for contender, run in last.items()
                if name in run.series
            ),
            title={"text": label(name), "x": 0},
            margin_t=70,
        )
        for name in names
    ]


def _embed(name: str, chart: go.Figure) -> Markup:
    config = {"responsive": True, "displayModeBar": False}
    div = chart.to_html(full_html=False, include_plotlyjs=False, config=config, div_id=f"chart-{name}")
    return Markup(div)  # noqa: S704 - plotly escapes the data of its JSON, and labels went through `label`
