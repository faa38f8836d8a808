"""The first run of the hourly DAG, so that nobody has to wait for the full hour to see it."""

from __future__ import annotations

import subprocess
import sys

from tideline.errors import ServiceError

DAG, RUN = "lakehouse_hourly", "first"


def trigger_first_run() -> bool:
    """Queue the run, unless there was one; returns whether it was queued. The scheduler finds it when it starts.

    Raises:
        ServiceError: Airflow refuses; what it said is in the message.
    """
    command = [sys.executable, "-m", "airflow", "dags", "trigger", DAG, "--run-id", RUN]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0:
        return True
    if "already exists" in done.stdout:
        return False
    msg = f"airflow dags trigger {DAG} failed, exit code {done.returncode}: {done.stdout[-1500:]}"
    raise ServiceError(msg)
