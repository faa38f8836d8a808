"""Renders the figures into one HTML file that needs no network. All data is escaped."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from cli.report import emission_charts, health_charts, tweet_charts
from cli.report.data import ReportData
from cli.text import amount, figure, moment, number, size, window_text


def write_page(data: ReportData, path: Path) -> None:
    """Write the page; an older one is replaced at once, so that a reader never sees half a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(render_page(data), encoding="utf-8")
    unfinished.replace(path)


def render_page(data: ReportData) -> str:
    """The whole page as HTML."""
    environment = Environment(
        loader=PackageLoader("cli.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, amount=amount, size=size, moment=moment)
    environment.filters.update(figure=figure, window=window_text)
    template = environment.get_template("page.html")
    return template.render(
        data=data,
        charts={name: _embed(name, chart) for name, chart in _charts(data).items()},
        weekly=tweet_charts.by_week(data.tweet_days),
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
    )


def _charts(data: ReportData) -> dict[str, go.Figure]:
    domains = [row["domain"] for row in data.top_domains]
    return {
        "tweets_per_hour": tweet_charts.tweets_per_hour(data.tweet_hours, data.standing_hours),
        "tweets_per_day": tweet_charts.tweets_per_day(data.tweet_days),
        "weekly_rhythm": tweet_charts.weekly_rhythm(data.tweet_hours),
        "by_country": emission_charts.emissions_by(data.daily_emissions, "country"),
        "by_device": emission_charts.emissions_by(data.daily_emissions, "device"),
        "top_domains": emission_charts.top_domains(data.top_domains, data.flagged_domains),
        "domain_formats": emission_charts.domain_formats(data.domain_formats, domains),
        "anomalies": emission_charts.anomalies(data.anomalies),
        "waits": health_charts.waits(data.waits),
    }


def _embed(name: str, chart: go.Figure) -> Markup:
    config = {"responsive": True, "displayModeBar": False}
    div = chart.to_html(full_html=False, include_plotlyjs=False, config=config, div_id=f"chart-{name}")
    return Markup(div)  # noqa: S704 - plotly escapes the data of its JSON, and labels went through `label`
