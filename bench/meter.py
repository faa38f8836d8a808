"""What processes cost: CPU seconds of whole process trees, and their memory at its highest."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import psutil

SAMPLE_SECONDS = 0.2


def own_cpu_seconds() -> float:
    """User and system time of this process and of its children that ended, so far; exact, without a sample."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


@dataclass(frozen=True)
class Cost:
    """What happened between the begin and the end of a measurement.

    Attributes:
        seconds: wall time.
        cpu_seconds: user and system time of all processes.
        peak_bytes: the highest sum of their resident memory that a sample saw.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Meter:
    """Measures the trees of some processes while a ``with`` block runs; ``cost`` is there after it.

    A child that ends within the block counts with what the last sample saw of it, at most 0.2 s too little. What the
    samples themselves cost, about 9 ms each, is left out where the measuring process is itself measured.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._roots = [psutil.Process(pid) for pid in pids]
        self._cpu: dict[int, float] = {}
        self._peak = 0
        self._sampling_seconds = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.cost = Cost(0.0, 0.0, 0)

    def __enter__(self) -> Meter:
        self._sample()
        self._before = dict(self._cpu)
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        seconds = time.monotonic() - self._began
        self._done.set()
        self._thread.join()
        self._sample()
        cpu = sum(used - self._before.get(pid, 0.0) for pid, used in self._cpu.items())
        own = self._sampling_seconds if os.getpid() in self._cpu else 0.0
        self.cost = Cost(seconds, cpu - own, self._peak)

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self._sample()
        self._sampling_seconds = time.thread_time()

    def _sample(self) -> None:
        memory = 0
        for process in self._processes():
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    self._cpu[process.pid] = times.user + times.system
                    memory += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        self._peak = max(self._peak, memory)

    def _processes(self) -> list[psutil.Process]:
        found: dict[int, psutil.Process] = {}
        for root in self._roots:
            try:
                found |= {process.pid: process for process in (root, *root.children(recursive=True))}
            except psutil.NoSuchProcess:
                continue
        return list(found.values())
