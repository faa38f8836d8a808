"""Drivers as child processes: started together, listened to, ended with the block that started them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread

from tideline.errors import ServiceError
from tideline.settings import Settings

TIMEOUT_SECONDS = 1800.0
_TAIL_CHARACTERS = 1500


class Driver:
    """A child process of ``proofs.driver``.

    Args:
        settings: what the child sees.
        log: where its standard error goes.
        arguments: its command line.
        on_line: called with each line that it says, from another thread.
    """

    def __init__(
        self, settings: Settings, log: Path, arguments: Sequence[str], on_line: Callable[[str], None] = lambda _: None
    ) -> None:
        self._log = log
        self._said: list[str] = []
        self._changed = Condition()
        self._ended = False
        self._on_line = on_line
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "proofs.driver", *arguments],
                env=settings.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def wait_for(self, line: str) -> None:
        """Wait until it has said this.

        Raises:
            ServiceError: it ended before, or was silent for too long; with the end of its log.
        """
        with self._changed:
            heard = self._changed.wait_for(lambda: line in self._said or self._ended, TIMEOUT_SECONDS)
        if not heard or line not in self._said:
            what = f"did not say {line!r}"
            raise self._failure(what)

    def go(self) -> None:
        """Give it the line that it waits for."""
        if self._process.stdin is not None:
            self._process.stdin.write("\n")
            self._process.stdin.flush()

    def finish(self) -> None:
        """Wait until it has ended.

        Raises:
            ServiceError: it failed; with the end of its log.
        """
        code = self._process.wait(TIMEOUT_SECONDS)
        self._listener.join()
        if code:
            what = f"ended with exit code {code}"
            raise self._failure(what)

    def numbers(self, word: str) -> list[int]:
        """The numbers that it said after this word."""
        return [int(line.split()[1]) for line in self._said if line.startswith(f"{word} ")]

    def end(self) -> None:
        """Kill it if it still runs."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            with self._changed:
                self._said.append(line.strip())
                self._changed.notify_all()
            self._on_line(line.strip())
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _failure(self, what: str) -> ServiceError:
        tail = self._log.read_text(errors="replace")[-_TAIL_CHARACTERS:]
        return ServiceError(f"a driver of the proof {what}; its log {self._log} ends with\n{tail}")


@contextmanager
def ready_drivers(drivers: Sequence[Driver]) -> Iterator[None]:
    """Wait until all are ready; whatever happens in the block, none survives it."""
    try:
        for driver in drivers:
            driver.wait_for("ready")
        yield
    finally:
        for driver in drivers:
            driver.end()
