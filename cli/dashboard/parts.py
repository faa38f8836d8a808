"""The parts that the page is made of: cards, charts, tables. Each fails alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from cli.dashboard.style import CARD, TABLE
from tideline.errors import TidelineError

Rows = list[dict[str, Any]]

INK = {"light": "#5b6778", "dark": "#98a5b7"}


def card(title: str, caption: str, draw: Callable[[], None]) -> None:
    """A frame with a title; what cannot be read is said in it, and the rest of the page goes on."""
    with st.container(border=True, height="stretch", gap="xsmall", key=f"{CARD}-{title}"):
        st.markdown(f"**{title}**")
        if caption:
            st.caption(caption)
        try:
            draw()
        except TidelineError as problem:
            st.error(str(problem), icon=":material/error:")


def nothing(why: str) -> None:
    """In place of what is not there yet."""
    st.caption(f"Nothing here yet: {why}.")


def chart(key: str, figure: go.Figure, height: int | None = None) -> None:
    """A chart; ``key`` keeps what the reader zoomed to over a refresh."""
    ink = INK["dark" if st.context.theme.type == "dark" else "light"]
    figure.update_layout(uirevision=key, font={"color": ink}, **({"height": height} if height else {}))
    st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False, "responsive": True})


def listing(key: str, rows: Rows, columns: Mapping[str, Any], *, whole: bool = False) -> None:
    """A table.

    Args:
        key: names it.
        rows: its rows.
        columns: what to show of them, in this order: a title, or a column of ``st.column_config``.
        whole: show all rows at once, however many.
    """
    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=list(columns))
    # Streamlit makes a class of a container's key, not of a table's.
    with st.container(key=f"{TABLE}-{key}"):
        st.dataframe(
            frame,
            hide_index=True,
            column_config=dict(columns),
            key=key,
            height="content" if whole else "auto",
            placeholder="",
        )


def count(title: str) -> Any:
    """A column of whole numbers."""
    return st.column_config.NumberColumn(title, format="localized")


def decimal(title: str) -> Any:
    """A column of amounts."""
    return st.column_config.NumberColumn(title, format="%.3f")


def moment(title: str) -> Any:
    """A column of times."""
    return st.column_config.DatetimeColumn(title, format="YYYY-MM-DD HH:mm:ss", timezone="UTC")


def verdict(holds: bool) -> str:
    """A verdict that is read without colours, too.

    >>> verdict(True), verdict(False)
    ('✔ holds', '✘ fails')
    """
    return "✔ holds" if holds else "✘ fails"
