"""A lake that is looked at every few seconds: of each table only what is new since the last look is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, TypeVar

from deltalake import DeltaTable

from cli.lake import Lake, read_log
from tideline.errors import TableError

T = TypeVar("T")

LOOK_SECONDS = 2.0
"""Viewers who look within this time share what the first of them found."""

REOPEN_SECONDS = 60.0
"""A table that was deleted and made anew begins at version 0, which a log that only goes forward never sees."""


@dataclass
class _Held:
    """A log, when it was opened and last looked at, or why it cannot be read."""

    log: DeltaTable | None
    opened_at: float
    looked_at: float
    problem: TableError | None = None


@dataclass(frozen=True)
class LiveLake(Lake):
    """Holds each log, and each result as long as its table's version stays; safe to share between threads."""

    clock: Callable[[], float] = time.monotonic
    lock: RLock = field(default_factory=RLock, repr=False, compare=False)
    _held: dict[str, _Held] = field(default_factory=dict, repr=False, compare=False)
    _kept: dict[tuple[str, str], tuple[tuple[str, int], Any]] = field(default_factory=dict, repr=False, compare=False)

    def log(self, name: str) -> DeltaTable | None:
        """See ``Lake``; a table is looked for once per ``LOOK_SECONDS``."""
        with self.lock:
            held, now = self._held.get(name), self.clock()
            if held is None or now - held.looked_at >= LOOK_SECONDS:
                held = self._held[name] = self._look(name, held, now)
            if held.problem is not None:
                raise held.problem
            return held.log

    def read(self, name: str, what: str, how: Callable[[DeltaTable], T], missing: T) -> T:
        """See ``Lake``; what was read of this version is not read again."""
        with self.lock:
            log = self.log(name)
            if log is None:
                return missing
            version = version_of(log)
            if self._kept.get((name, what), (None,))[0] != version:
                self._kept[name, what] = (version, read_log(name, log, how))
            found: T = self._kept[name, what][1]
            return found

    def _look(self, name: str, held: _Held | None, now: float) -> _Held:
        try:
            if held is not None and held.log is not None and now - held.opened_at < REOPEN_SECONDS:
                read_log(name, held.log, DeltaTable.update_incremental)
                return _Held(held.log, held.opened_at, now)
            return _Held(super().log(name), now, now)
        except TableError as problem:
            return _Held(None, now, now, problem)


def version_of(log: DeltaTable) -> tuple[str, int]:
    """A table's own id, which another one in the same place does not have, and its version."""
    return str(log.metadata().id), int(log.version())
