"""Whether the numbers can be believed: accounting, quarantine, audit, reconciliation, validation."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from cli.dashboard.parts import card, count, listing, moment, nothing, verdict
from cli.dashboard.view import View
from cli.report import queries
from cli.text import number

HOURLY = "the DAG lakehouse_hourly writes it"


def show(view: View) -> None:
    """Show the section."""
    accounted = "Records in bronze = valid + in quarantine, kept up with every commit; lag: what Kafka has beyond it."
    card("Row accounting", accounted, lambda: _accounting(view))
    card("Quarantine by reason", "", lambda: _quarantine(view))
    proof = "Whether bronze has each of Kafka's records once, proven offset by offset."
    card("Audit", proof, lambda: _audit(view))
    card("Live against gold", "What the newest comparison found to differ, and why.", lambda: _drift(view))
    card("Validation", "", lambda: _validation(view))


def _accounting(view: View) -> None:
    if not view.partitions:
        nothing("neither bronze nor Kafka has a record")
        return
    rows = [asdict(line) | {"lag": line.lag, "judged": verdict(line.judged)} for line in view.partitions]
    listing(
        "accounting",
        rows,
        {
            "topic": "topic",
            "partition": count("partition"),
            "rows": count("in bronze"),
            "valid": count("valid"),
            "quarantined": count("in quarantine"),
            "judged": "adds up",
            "highest": count("highest offset"),
            "end": count("Kafka's end"),
            "lag": count("lag"),
        },
    )


def _quarantine(view: View) -> None:
    reasons = [found for bronze in view.bronze.values() for found in bronze.verdicts.reasons.items()]
    if not reasons:
        nothing("no record is in quarantine")
        return
    records = sum(line.quarantined for line in view.partitions)
    st.caption(f"{number(records)} records, byte for byte in bronze; a record counts with each of its reasons.")
    reasons.sort(key=lambda found: -found[1])
    bar = st.column_config.ProgressColumn("records", format="localized", min_value=0, max_value=reasons[0][1])
    rows = [{"topic": topic, "reason": reason, "records": n} for (topic, reason), n in reasons]
    listing("quarantine", rows, {"records": bar, "reason": "reason", "topic": "topic"}, whole=True)


def _audit(view: View) -> None:
    rows = view.lake.rows("ops.audit", queries.AUDIT)
    if not rows:
        nothing(HOURLY)
        return
    listing(
        "audit",
        rows,
        {
            "topic": "topic",
            "partition": count("partition"),
            "verdict": "verdict",
            "rows": count("rows"),
            "missing": count("missing"),
            "doubled": count("doubled"),
            "lag": count("lag"),
            "audited_at": moment("audited (UTC)"),
            "detail": "detail",
        },
    )


def _drift(view: View) -> None:
    if view.lake.log("ops.drift") is None:
        nothing(HOURLY)
        return
    rows = view.lake.rows("ops.drift", queries.DRIFT)
    if not rows:
        st.caption("✔ Live counts and gold agreed whenever they were compared.")
        return
    listing(
        "drift",
        rows,
        {
            "live_table": "live table",
            "window_start": moment("window (UTC)"),
            "key": "of",
            "live": count("live"),
            "gold": count("gold"),
            "difference": count("difference"),
            "explanation": "explanation",
            "reconciled_at": moment("compared (UTC)"),
        },
    )


def _validation(view: View) -> None:
    rows = view.lake.rows("ops.validations", queries.VALIDATIONS)
    if not rows:
        nothing(HOURLY)
        return
    passed = sum(row["success"] for row in rows)
    st.caption(
        f"{passed} of {len(rows)} expectations hold in the newest run of each suite; those that fail come first."
    )
    listing(
        "validation",
        [row | {"verdict": verdict(row["success"])} for row in rows],
        {
            "table": "table",
            "verdict": "verdict",
            "severity": "severity",
            "expectation": "expectation",
            "column": "column",
            "observed": "observed",
            "table_version": count("version"),
            "validated_at": moment("validated (UTC)"),
        },
    )
