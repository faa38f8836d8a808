"""Several processes that pack blocks side by side; what they pack comes out in the order of the source."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from signal import Signals
from types import TracebackType
from typing import Self

from producers.lines import Block
from producers.packer import Packed, Packer
from producers.signals import StopSignals
from tideline.errors import WorkerError

_GRACE_SECONDS = 5.0


class _Worker:
    """One process, and the connection to it. It has one block at a time."""

    def __init__(self, packer: Packer) -> None:
        here, there = socket.socketpair()
        with there:
            command = [sys.executable, "-m", "producers.worker", str(there.fileno())]
            # In a group of its own: Ctrl-C is for the parent, which ends its workers by leaving them.
            self.process = subprocess.Popen(
                command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, process_group=0
            )
        self._connection = Connection(here.detach())
        self.give(packer)

    def give(self, what: Packer | Block) -> None:
        try:
            self._connection.send(what)
        except ConnectionError as error:
            raise self._death() from error

    def take(self, stop: StopSignals) -> Packed:
        with stop.waiting():
            self._connection.poll(None)
        try:
            packed: Packed = self._connection.recv()
        except (EOFError, ConnectionError) as error:
            raise self._death() from error
        return packed

    def leave(self) -> None:
        """Let it end."""
        self._connection.close()

    def end(self) -> None:
        """See to it that it has ended."""
        try:
            self.process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _death(self) -> WorkerError:
        code = self.process.wait()
        how = f"by {Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return WorkerError(
            f"process {self.process.pid}, which packed records for this one, ended {how}; nothing is lost: "
            "run the same command again, and it goes on where the topic ends"
        )


class Workers:
    """Processes that pack the blocks of one source. None outlives the ``with`` block, or this process."""

    def __init__(self, count: int, packer: Packer, stop: StopSignals) -> None:
        self._stop = stop
        self._all: list[_Worker] = []
        try:
            for _ in range(count):
                self._all.append(_Worker(packer))
        except BaseException:
            self._end()
            raise
        self._idle = deque(self._all)
        self._busy: deque[tuple[_Worker, Block]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def pack(self, blocks: Iterator[Block], ready: Callable[[], bool]) -> Iterator[tuple[Block, Packed]]:
        """Each block with what became of it, in order.

        Args:
            blocks: the blocks of the source.
            ready: whether the next block is there; where it is not, none that is packed waits for it.

        Raises:
            WorkerError: a process ended.
        """
        more = True
        packed: tuple[Block, Packed] | None = None
        while more or self._busy:
            # Before what is packed is dealt with, which takes time, the worker gets something new to do.
            while more and self._idle and (ready() or not (self._busy or packed)):
                more = self._give(next(blocks, None))
            if packed:
                yield packed
            packed = self._take() if self._busy else None
        if packed:
            yield packed

    def _give(self, block: Block | None) -> bool:
        if block is None:
            return False
        worker = self._idle.popleft()
        worker.give(block)
        self._busy.append((worker, block))
        return True

    def _take(self) -> tuple[Block, Packed]:
        worker, block = self._busy[0]
        packed = worker.take(self._stop)
        self._idle.append(self._busy.popleft()[0])
        return block, packed

    def _end(self) -> None:
        for worker in self._all:
            worker.leave()
        for worker in self._all:
            worker.end()
