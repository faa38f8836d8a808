"""The results of contests as one page with plots, which needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from bench.rivals.contest import Run
from bench.rivals.report import Results, amount, counted, problems
from bench.rivals.verdict import Spread, is_ours, ratio
from cli.report.style import COLOURS, figure, label

OURS, RIVAL = COLOURS[0], COLOURS[8]

Json = Mapping[str, Any]


def write_page(results: Results, path: Path) -> None:
    """Write the page of all sections of which there are results."""
    environment = Environment(
        loader=PackageLoader("bench.rivals", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["amount"] = amount
    page = environment.get_template("page.html").render(
        sections=[_section(number, section) for number, section in enumerate(results.values())],
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _section(number: int, section: Json) -> dict[str, object]:
    runs = [Run(**run) for run in section["runs"]]
    measures, contenders = section["measures"], section["contenders"]
    charts = (*(_bars(contenders, measure) for measure in measures), *_lines(runs))
    return {
        **{name: section[name] for name in ("name", "question", "measured", "measures", "wins")},
        "rows": [
            {
                "contender": contender,
                "cells": [
                    (found := _spread(contender, m["name"]), ratio(found, _spread(contenders[0], m["name"])))
                    for m in measures
                ],
                "runs": counted(runs, contender["name"]),
            }
            for contender in contenders
        ],
        "problems": problems(runs),
        "charts": [_embed(f"{number}-{at}", chart) for at, chart in enumerate(charts)],
    }


def _spread(contender: Json, measure: str) -> Spread | None:
    found = contender["measures"][measure]
    return Spread(**found) if found else None


def _bars(contenders: Sequence[Json], measure: Json) -> go.Figure:
    """Medians with their ranges."""
    found: list[tuple[str, Spread]] = [
        (contender["name"], spread)
        for contender in reversed(contenders)
        if (spread := _spread(contender, measure["name"])) is not None
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
    better = "more is better" if measure["more_wins"] else "less is better"
    title = f"{measure['name']}, {measure['unit']} ({better})"
    return figure(trace, height=90 + 34 * len(found), title={"text": label(title), "x": 0}, margin_t=40)


def _lines(runs: Sequence[Run]) -> list[go.Figure]:
    """What the last runs said over time or number."""
    last = {run.contender: run for run in runs if run.error is None}
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
