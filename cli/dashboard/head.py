"""The head of the page: title, links, and the few figures that say how the lake is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from cli.dashboard.figures import ago, freshness, seconds_text, total_lag
from cli.dashboard.style import HEADLINE
from cli.dashboard.view import View
from cli.report import queries
from cli.text import number
from tideline.errors import TidelineError

Rows = list[dict[str, Any]]

MINUTE = timedelta(minutes=1)


def title(links: list[tuple[str, str]], now: datetime, refresh_seconds: float) -> None:
    """Name, time of the look, links."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown("## Tideline", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            for name, address in links:
                st.link_button(name, address, type="tertiary", icon=":material/open_in_new:")
    st.caption(f"Read {now:%Y-%m-%d %H:%M:%S} UTC, again every {refresh_seconds:g} s · all times are UTC")


def headline(view: View, now: datetime) -> None:
    """One row of figures, as the style lays them out; on a phone two beside each other."""
    with st.container(gap="small", key=HEADLINE):
        _records(view, now)
        _lag(view)
        _freshness(view, now)
        _quarantine(view)
        _proof(view, now)
        _expectations(view, now)


def _records(view: View, now: datetime) -> None:
    recent = sum(wait.rows for wait in view.waits if now - wait.committed_at < MINUTE)
    rows = sum(line.rows for line in view.partitions)
    _metric("Records in bronze", number(rows), f"{number(recent)} in the last minute")


def _lag(view: View) -> None:
    lag = total_lag(view.partitions)
    note = "Kafka does not answer" if lag is None else "records that wait in Kafka"
    _metric("Lag", number(lag), note)


def _freshness(view: View, now: datetime) -> None:
    found = freshness([bronze.waits for bronze in view.bronze.values()])
    if found is None:
        _metric("Produced → visible", "-", "no commit yet")
        return
    note = f"newest commit {ago(found.newest_commit, now)}"
    _metric("Produced → visible", seconds_text(found.typical), note)


def _quarantine(view: View) -> None:
    rows = sum(line.rows for line in view.partitions)
    quarantined = sum(line.quarantined for line in view.partitions)
    share = f"{100 * quarantined / rows:.2f} %" if rows else "-"
    _metric("In quarantine", share, f"{number(quarantined)} record{'' if quarantined == 1 else 's'}")


def _proof(view: View, now: datetime) -> None:
    audited = _rows(view, "ops.audit", queries.AUDIT)
    if not audited:
        _metric("Audit", "-", "has not run yet")
        return
    failing = sum(row["verdict"] == "fails" for row in audited)
    text = f"✘ {failing} fail" if failing else "✔ holds"
    _metric("Audit", text, f"{len(audited)} partitions, {ago(max(row['audited_at'] for row in audited), now)}")


def _expectations(view: View, now: datetime) -> None:
    checked = _rows(view, "ops.validations", queries.VALIDATIONS)
    if not checked:
        _metric("Expectations met", "-", "not validated yet")
        return
    passed = sum(row["success"] for row in checked)
    text = f"{passed} / {len(checked)}"
    _metric("Expectations met", text, f"newest {ago(max(row['validated_at'] for row in checked), now)}")


def _rows(view: View, name: str, sql: str) -> Rows:
    try:
        return view.lake.rows(name, sql)
    except TidelineError:
        # The section of this table says what is wrong.
        return []


def _metric(label: str, value: str, note: str) -> None:
    st.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)
