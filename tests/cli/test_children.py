from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from cli.children import no_child_left

PARENT = """
import subprocess, sys
from cli.children import no_child_left
with no_child_left(set()):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(child.pid, flush=True)
    child.wait()
"""


def test_no_child_outlives_the_block() -> None:
    with no_child_left(set()):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    assert not psutil.pid_exists(child.pid)


def test_a_spared_child_goes_on() -> None:
    spared: set[int] = set()
    with no_child_left(spared):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        spared.add(child.pid)
    assert child.poll() is None
    child.kill()
    child.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_command_ends_its_children(number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=os.curdir
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(number)
    assert parent.wait(10) != 0
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(child)
