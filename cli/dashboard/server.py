"""Serves the page on one port, with Data Docs beside it; asks nothing of other servers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from rich.console import Console

from cli.dashboard.docs import docs_route
from cli.dashboard.style import THEME
from tideline.errors import ServiceError
from tideline.services import bind_problem
from tideline.settings import Settings

PAGE = Path(__file__).with_name("page.py")

_CONFIG = {
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "logger.hideWelcomeMessage": True,
    "ui.hideTopBar": True,
}


def serve(settings: Settings, host: str, port: int, console: Console) -> None:
    """Serve until the process is told to end.

    Raises:
        ServiceError: the port is taken.
    """
    problem = bind_problem(port)
    if problem:
        msg = (
            f"the dashboard cannot listen on {host}:{port} ({problem}): end the program that does, or choose another "
            "port by --port or TIDELINE_DASHBOARD_PORT"
        )
        raise ServiceError(msg)
    console.print(f"the dashboard is at http://{host}:{port}; Ctrl-C ends it", markup=False)
    app = st.App(PAGE, routes=[docs_route(settings)])
    with _interruptible():
        app.run(config={**_CONFIG, **THEME, "server.address": host, "server.port": port})


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the block as it ends every command, whether or not the server under it keeps that to itself."""
    pressed = threading.Event()

    def interrupt(*_: object) -> None:
        pressed.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt
