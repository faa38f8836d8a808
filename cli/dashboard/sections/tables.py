"""Every table of the lake: its size, its newest commit, and when it was compacted last."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from cli.dashboard.parts import card, count, listing, moment
from cli.dashboard.view import View
from cli.text import size
from tideline.errors import TidelineError
from tideline.schemas import TABLES


def show(view: View) -> None:
    """Show the section."""
    card("Tables", "From their logs, without Spark.", lambda: _tables(view))


def _tables(view: View) -> None:
    rows, problems = [], []
    for name in TABLES:
        try:
            state = view.lake.state(name)
            rows.append(
                asdict(state) | {"size": size(state.size_bytes), "compacted": view.compactions.last(view.lake, name)}
            )
        except TidelineError as problem:
            rows.append({"name": name, "operation": "cannot be read"})
            problems.append(str(problem))
    listing(
        "tables",
        [row if row.get("exists", True) else row | {"operation": "not there yet"} for row in rows],
        {
            "name": "table",
            "rows": count("rows"),
            "files": count("files"),
            "size": "size",
            "version": count("version"),
            "committed_at": moment("last commit (UTC)"),
            "operation": "operation",
            "compacted": moment("last compaction (UTC)"),
        },
        whole=True,
    )
    for sentence in problems:
        st.error(sentence, icon=":material/error:")
