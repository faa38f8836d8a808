"""Progress on a terminal while a replay runs; silence elsewhere, except for what the user should know."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from producers.replay import Sent
from producers.source import Source


class Display:
    """A bar over the source's bytes, or over the records when their number is limited."""

    def __init__(self, console: Console, source: Source, topic: str, limit: int | None) -> None:
        self._console, self._source, self._limit = console, source, limit
        self._notes = 0
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(f"{source.label} → {topic}", total=limit or source.size, counts="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, sent: Sent) -> None:
        """Show how far the replay is, and each note once."""
        for note in sent.notes[self._notes :]:
            self._console.print(note, highlight=False)
        self._notes = len(sent.notes)
        counts = f"{sent.sent:,} sent" + (f", {sent.skipped:,} there already" if sent.skipped else "")
        done = sent.sent if self._limit else self._source.position
        self._bar.update(self._task, completed=done, counts=counts)
