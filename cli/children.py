"""Child processes of a command: none of them outlives it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

GRACE_SECONDS = 15.0
"""A stream finishes its running batch on SIGTERM; longer than this nobody waits after Ctrl-C."""

TERMINATED = 143


@contextmanager
def no_child_left(spared: set[int]) -> Iterator[None]:
    """End every process that the block started and left, also after Ctrl-C or SIGTERM.

    Args:
        spared: process ids that are not to be ended; the caller may add to it inside the block.
    """
    older = {child.pid for child in psutil.Process().children(recursive=True)}
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        # A second Ctrl-C must not interrupt the ending of the children.
        signal.signal(signal.SIGTERM, before)
        end_processes([child for child in psutil.Process().children(recursive=True) if child.pid not in spared | older])


def end_processes(children: list[psutil.Process]) -> None:
    """Ask them to end, and kill those that are still there after ``GRACE_SECONDS``."""
    for child in children:
        _ask(child, psutil.Process.terminate)
    _, alive = psutil.wait_procs(children, timeout=GRACE_SECONDS)
    for child in alive:
        _ask(child, psutil.Process.kill)
    psutil.wait_procs(alive, timeout=GRACE_SECONDS)


def _ask(child: psutil.Process, how: Callable[[psutil.Process], None]) -> None:
    try:
        how(child)
    except psutil.NoSuchProcess:
        return
