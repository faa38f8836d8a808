"""SIGINT and SIGTERM: a replay stops between two records, and what was sent still arrives."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 - a request, not an error
    """A signal came while waiting."""


class StopSignals:
    """Remembers the first signal while the block runs; a second one acts as if nobody listened.

    Raising from the handler at any point could tear a half-written batch, so it raises only while the main thread
    waits for input or time. Outside the main thread signals cannot be caught, and none is.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._waiting = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A block that a signal may leave by ``Interrupted``."""
        self._waiting = True
        try:
            if self.signal is not None:
                raise Interrupted
            yield
        finally:
            self._waiting = False

    def interruptible(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, where waiting for the next may be interrupted."""
        source = iter(chunks)
        while True:
            with self.waiting():
                chunk = next(source, None)
            if chunk is None:
                return
            yield chunk

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()
        if self._waiting:
            raise Interrupted

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave, it takes
        self._before = {}
