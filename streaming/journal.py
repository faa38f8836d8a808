"""``ops.progress``: rows are gathered and appended once a minute, by ``deltalake``, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from deltalake.exceptions import DeltaError

from tideline.errors import TidelineError
from tideline.rows import append_rows
from tideline.settings import Settings

PROGRESS = "ops.progress"

FLUSH_SECONDS = 60.0

MOST_ROWS = 20_000
"""What is kept while the store is away: some hours. Of more rows the oldest go; they are evidence, no data."""

LAST_FLUSH_SECONDS = 15.0
"""How long an end waits for the last rows to be written."""


class Journal:
    """Takes rows while a ``with`` block runs, and has written all of them when it ends.

    What a killed process had gathered is lost, at most a minute's. When the store fails, the rows wait for the next
    minute; if it had taken them all the same, they are there twice, with the same key.

    Args:
        settings: where the table lies.
        report: told when rows cannot be written, once per outage.
        seconds: between two commits.
    """

    def __init__(self, settings: Settings, report: Callable[[str], None], seconds: float = FLUSH_SECONDS) -> None:
        self._settings = settings
        self._report = report
        self._seconds = seconds
        self._rows: list[Mapping[str, Any]] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="ops.progress", daemon=True)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take a row."""
        with self._lock:
            self._rows.append(row)

    def __enter__(self) -> Journal:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        self._thread.join(LAST_FLUSH_SECONDS)
        if self._rows or self._thread.is_alive():
            self._report(f"the last rows of {PROGRESS} could not be written; nothing else is lost")

    def _run(self) -> None:
        while not self._done.wait(self._seconds):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            rows, self._rows = self._rows, []
        if not rows:
            return
        try:
            append_rows(self._settings, PROGRESS, rows)
            self._failing = False
        except (DeltaError, OSError, TidelineError) as err:
            # The stream goes on: this is what is said of it, not what it does.
            with self._lock:
                self._rows = [*rows, *self._rows][-MOST_ROWS:]
            if not self._failing:
                first = str(err).partition("\n")[0]
                self._report(f"{PROGRESS} cannot be written ({first}); its rows are kept for the next try")
            self._failing = True
