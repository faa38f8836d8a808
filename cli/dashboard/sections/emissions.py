"""Emissions by day, country, device, format and domain: the marts of gold."""

from __future__ import annotations

from functools import partial

import streamlit as st

from cli.dashboard.parts import card, chart, listing, nothing
from cli.dashboard.view import View
from cli.report import emission_charts, queries

HOURLY = "the DAG lakehouse_hourly writes it"
DIMENSIONS = {"country": "By country", "device": "By device"}


def show(view: View) -> None:
    """Show the section."""
    columns = st.columns(2)
    for column, (dimension, title) in zip(columns, DIMENSIONS.items(), strict=True):
        with column:
            card(title, "Sum of totalEmissions per day.", partial(_by, view, dimension))
    left, right = st.columns(2)
    with left:
        card("By format", "Sum of totalEmissions per day.", lambda: _by_format(view))
    with right:
        outliers = "Sum of totalEmissions; orange: outliers, |z| > 2 over the domains' totals."
        card("Top domains", outliers, lambda: _domains(view))
    left, right = st.columns([2, 1])
    with left:
        card("Domain by format", "How each domain's emissions split over the formats.", lambda: _split(view))
    with right:
        card("Measured coverage", "Share of a format's rows that are measured, not modeled.", lambda: _coverage(view))


def _by(view: View, dimension: str) -> None:
    rows = view.lake.rows("gold.daily_by_country_device", queries.DAILY)
    if rows:
        chart(dimension, emission_charts.emissions_by(rows, dimension), 300)
    else:
        nothing(HOURLY)


def _by_format(view: View) -> None:
    rows = view.lake.rows("gold.daily_by_domain_format", queries.DAILY_FORMATS)
    if rows:
        chart("format", emission_charts.emissions_by(rows, "format"), 340)
    else:
        nothing(HOURLY)


def _domains(view: View) -> None:
    rows = view.lake.rows("gold.top_10_domains", queries.DOMAINS)
    if rows:
        flagged = view.lake.rows("gold.flagged_domains", queries.FLAGGED)
        chart("domains", emission_charts.top_domains(rows, flagged), 340)
    else:
        nothing(HOURLY)


def _split(view: View) -> None:
    rows = view.lake.rows("gold.daily_by_domain_format", queries.FORMATS)
    domains = [row["domain"] for row in view.lake.rows("gold.top_10_domains", queries.DOMAINS)]
    if rows and domains:
        chart("split", emission_charts.domain_formats(rows, domains), 340)
    else:
        nothing(HOURLY)


def _coverage(view: View) -> None:
    rows = view.lake.rows("gold.avg_domain_coverage", queries.COVERAGE)
    if not rows:
        nothing(HOURLY)
        return
    shares = [row | {"share": None if (s := row["avg_measured_coverage"]) is None else float(s)} for row in rows]
    bar = st.column_config.ProgressColumn("measured", format="percent", min_value=0, max_value=1)
    listing("coverage", shares, {"format": "format", "share": bar})
