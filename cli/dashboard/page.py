"""The page itself, as Streamlit runs it: once per viewer, and its body again every few seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from cli.dashboard import head
from cli.dashboard.links import links
from cli.dashboard.live_lake import LiveLake
from cli.dashboard.sections import emissions, evidence, flags, live, tables
from cli.dashboard.style import STYLE
from cli.dashboard.view import View
from tideline.errors import TidelineError
from tideline.settings import load_settings

REFRESH_SECONDS = 5.0

SECTIONS = {
    "Live": live.show,
    "Emissions": emissions.show,
    "Flags": flags.show,
    "Evidence": evidence.show,
    "Tables": tables.show,
}


@st.cache_resource(show_spinner="opening the tables")
def shared_view() -> View:
    """One view for all viewers."""
    return View(LiveLake(load_settings()))


@st.fragment(run_every=REFRESH_SECONDS)
def body() -> None:
    """All that is read anew; only the section that is open is drawn."""
    view, now = shared_view(), datetime.now(UTC)
    try:
        problems = view.look()
    except TidelineError as problem:
        head.title([], now, REFRESH_SECONDS)
        st.error(str(problem), icon=":material/error:")
        return
    head.title(links(view.lake.settings), now, REFRESH_SECONDS)
    for sentence in problems:
        st.error(sentence, icon=":material/error:")
    head.headline(view, now)
    tabs = st.tabs(list(SECTIONS), key="section", on_change="rerun")
    for tab, show in zip(tabs, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                _guarded(show, view)


def _guarded(show: Callable[[View], None], view: View) -> None:
    try:
        show(view)
    except TidelineError as problem:
        st.error(str(problem), icon=":material/error:")


# As Streamlit runs it; who only imports it, such as a test of its docstrings, reads no tables.
if __name__ == "__main__":
    st.set_page_config(page_title="Tideline", page_icon="🌊", layout="wide")
    st.html(STYLE)
    body()
