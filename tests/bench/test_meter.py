import subprocess
import sys

from bench.meter import own_cpu_seconds

BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def test_the_cpu_of_a_child_that_ended_counts_as_ours() -> None:
    before = own_cpu_seconds()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert own_cpu_seconds() - before >= 0.5
