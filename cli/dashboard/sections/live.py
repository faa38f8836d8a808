"""What arrives, how fresh it is, and the counts that the stream keeps."""

from __future__ import annotations

import streamlit as st

from cli.dashboard import charts
from cli.dashboard.parts import card, chart, count, decimal, listing, moment, nothing
from cli.dashboard.view import View
from cli.report import health_charts, queries, tweet_charts
from cli.report.data import tweet_hours
from cli.text import number
from tideline.sources import HOUR_VERDICTS

STREAM = "the stream writes it"
PROGRESS = "ops.progress"
NEWEST_BATCHES = (
    'select * from (select *, row_number() over (partition by "query" order by finished_at desc) as place from t) '
    'where place = 1 order by "query"'
)
NEWEST, BUSIEST = "newest fortnight", "busiest fortnight"


def show(view: View) -> None:
    """Show the section."""
    left, right = st.columns(2)
    with left:
        card("Arriving", "Records of each bronze commit.", lambda: _arriving(view))
    with right:
        waited = "How long the oldest record of each commit had waited since Kafka received it."
        card("Produced → visible", waited, lambda: _waits(view))
    card("Tweets per hour", "", lambda: _tweet_hours(view))
    left, right = st.columns([2, 1])
    with left:
        card("Tweets per day", "", lambda: _tweet_days(view))
    with right:
        card("Emission rows received", "By the hour in which Kafka received them.", lambda: _received(view))
    if view.lake.log(PROGRESS) is not None:
        card("The stream's own word", "The newest batch of each query, from ops.progress.", lambda: _stream(view))


def _arriving(view: View) -> None:
    if view.waits:
        chart("arrivals", charts.arrivals(view.waits))
    else:
        nothing("the stream has not committed")


def _waits(view: View) -> None:
    if view.waits:
        times = [wait.committed_at for wait in view.waits]
        chart("waits", charts.at_least(health_charts.waits(view.waits), times, charts.MINUTES), 260)
    else:
        nothing("the stream has not committed")


def _tweet_hours(view: View) -> None:
    rows = view.lake.rows("live.tweet_counts_hourly", queries.LIVE_HOURS)
    if not rows:
        nothing(STREAM)
        return
    newest, choice = charts.newest_fortnight(rows), NEWEST
    if len(newest) < len(rows):
        picked = st.segmented_control(
            "Hours", [NEWEST, BUSIEST], default=NEWEST, label_visibility="collapsed", key="hours"
        )
        choice = picked or NEWEST
    shown = newest if choice == NEWEST else charts.busiest_fortnight(rows)
    total = number(sum(row["tweets_per_hour"] for row in rows))
    st.caption(f"{total} distinct tweets, counted by the stream; shown: {charts.span(shown, 'period_hour')}")
    first, last = shown[0]["period_hour"], shown[-1]["period_hour"]
    marked = tweet_hours(view.lake.rows(HOUR_VERDICTS["tweets"], queries.STANDING_OUT))
    marks = [row for row in marked if first <= row["window_start"] <= last]
    chart(f"hours of the {choice}", tweet_charts.tweets_per_hour(shown, marks), 300)


def _tweet_days(view: View) -> None:
    rows = view.lake.rows("live.tweet_counts_daily", queries.LIVE_DAYS)
    if not rows:
        nothing(STREAM)
        return
    total = number(sum(row["tweets"] for row in rows))
    weekly = ", by week" if tweet_charts.by_week(rows) else ""
    st.caption(f"{total} distinct tweets, {charts.span(rows, 'day')}{weekly}")
    chart("days", tweet_charts.tweets_per_day(rows), 260)


def _received(view: View) -> None:
    rows = view.lake.rows("live.emission_counts_hourly", queries.LIVE_RECEIVED)
    if not rows:
        nothing(STREAM)
        return
    st.caption(f"{number(sum(row['rows'] for row in rows))} distinct rows, {charts.span(rows, 'hour')}")
    chart("received", charts.received(rows))


def _stream(view: View) -> None:
    rows = view.lake.rows(PROGRESS, NEWEST_BATCHES)
    listing(
        "stream",
        rows,
        {
            "query": "query",
            "finished_at": moment("newest batch (UTC)"),
            "rows": count("rows"),
            "seconds": decimal("took s"),
            "oldest_seconds": decimal("oldest waited s"),
            "lag": count("lag"),
            "commit_retries": count("retries"),
        },
    )
