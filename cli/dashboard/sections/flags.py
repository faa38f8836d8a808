"""The rows that a rule flagged, by the stream, as they come."""

from __future__ import annotations

import streamlit as st

from cli.dashboard.parts import card, chart, count, decimal, listing, moment, nothing
from cli.dashboard.view import View
from cli.report import emission_charts, queries
from cli.report.data import LISTED_PER_RULE
from tideline.sources import HOUR_VERDICTS

TABLE = "live.anomalies"
HOURS = tuple(HOUR_VERDICTS.values())
FLAGGED = "select * from t order by window_start desc, score desc limit 200"


def show(view: View) -> None:
    """Show the section."""
    left, right = st.columns([3, 2])
    with left:
        card("Scores", "Each rule in its own unit; the dashed line is its threshold.", lambda: _scores(view))
    with right:
        card("Rules", "A flagged row is kept and counted; it is not rejected.", lambda: _rules(view))
    card("The highest scores of each rule", "The numbers behind the verdicts.", lambda: _worst(view))
    hours = [name for name in HOURS if view.lake.log(name) is not None]
    if hours:
        card("Unusual hours", "Hours and days that stand out, the newest first.", lambda: _hours(view, hours))


def _scores(view: View) -> None:
    rows = view.lake.rows(TABLE, queries.ANOMALIES)
    if rows:
        chart("scores", emission_charts.anomalies(rows))
    else:
        nothing("no rule has flagged anything")


def _rules(view: View) -> None:
    rules = view.lake.rows(TABLE, queries.RULES)
    if not rules:
        nothing("no rule has flagged anything")
        return
    listing(
        "rules",
        rules,
        {
            "rule": "rule",
            "flagged": count("flagged"),
            "threshold": decimal("threshold"),
            "highest": decimal("highest score"),
        },
    )


def _worst(view: View) -> None:
    worst = [row for row in view.lake.rows(TABLE, queries.ANOMALIES) if row["place"] <= LISTED_PER_RULE]
    if not worst:
        nothing("no rule has flagged anything")
        return
    listing(
        "worst",
        worst,
        {
            "entity": "entity",
            "rule": "rule",
            "date": st.column_config.DateColumn("day"),
            "value": decimal("value"),
            "baseline": decimal("expected"),
            "score": decimal("score"),
            "threshold": decimal("flagged from"),
        },
    )


def _hours(view: View, tables: list[str]) -> None:
    rows = [row for name in tables for row in view.lake.rows(name, FLAGGED)]
    if not rows:
        nothing("no hour stands out")
        return
    listing(
        "unusual",
        sorted(rows, key=lambda row: row["window_start"], reverse=True),
        {
            "window_start": moment("from (UTC)"),
            "hours": count("hours"),
            "entity": "entity",
            "rule": "rule",
            "value": decimal("value"),
            "baseline": decimal("expected"),
            "score": decimal("score"),
            "threshold": decimal("flagged from"),
            "state": "state",
        },
    )
