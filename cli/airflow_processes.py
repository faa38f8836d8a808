"""The processes of the embedded Airflow: an API server with the web interface, a scheduler, a DAG processor.

None outlives the command that starts them. There is no triggerer: no task of the DAGs is deferred.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import urllib3
from rich.console import Console

from cli.children import end_processes, no_child_left
from tideline.airflow_home import USER, airflow_environment, airflow_password, initialise_airflow, password_file
from tideline.errors import ServiceError
from tideline.services import Service, bind_problem, remember, running_process
from tideline.settings import Settings

PROCESSES = {
    # The scheduler would serve the tasks' logs on a port of its own, to every address; the API server reads the files.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server", "--host", "127.0.0.1", "--workers", "1"),
}
START_SECONDS = 180.0
_POLL_SECONDS = 0.5
_TAIL_CHARACTERS = 1500


def run_airflow(settings: Settings, console: Console) -> None:
    """Start Airflow, say where it is, and wait until it ends; Ctrl-C and SIGTERM end all of its processes.

    Raises:
        ServiceError: Airflow runs already, its port is taken, or one of its processes ended.
    """
    with _only_one(settings):
        _end_left(settings)
        _check_port(settings)
        with console.status("setting up Airflow"):
            initialise_airflow(settings)
            password, is_new = airflow_password(settings)
        with no_child_left(set()):
            processes = {name: _start(settings, name) for name in PROCESSES}
            with console.status("starting Airflow"):
                _wait_until_ready(settings, processes)
            console.print(f"Airflow runs at {url(settings)}; Ctrl-C ends it", markup=False)
            secret = f"password {password}" if is_new else f"password in {password_file(settings)}"
            console.print(f"user {USER}, {secret}", markup=False, highlight=False)
            while True:
                time.sleep(_POLL_SECONDS)
                _check_alive(settings, processes)


def become_airflow(settings: Settings, command: Sequence[str], console: Console) -> NoReturn:
    """Replace this process by Airflow's own command line, in the embedded Airflow's home.

    Raises:
        ServiceError: Airflow cannot make its database.
    """
    with console.status("setting up Airflow"):
        initialise_airflow(settings)
    environment = dict(os.environ) | airflow_environment(settings)
    # Its log is for people here.
    environment["AIRFLOW__LOGGING__JSON_LOGS"] = "False"
    os.execve(sys.executable, [sys.executable, "-m", "airflow", *command], environment)  # noqa: S606 - no shell is wanted


def url(settings: Settings) -> str:
    """Where the web interface is."""
    return f"http://127.0.0.1:{settings.airflow_port}"


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    lock = settings.home / "run" / "airflow.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            msg = f"Airflow of {settings.home} runs already: {file.read()}; use it, or end it with Ctrl-C or SIGTERM"
            raise ServiceError(msg) from error
        file.truncate(0)
        file.write(f"pid {os.getpid()}, {url(settings)}")
        file.flush()
        # Children inherit no descriptor: the lock goes with this process.
        yield


def _check_port(settings: Settings) -> None:
    problem = bind_problem(settings.airflow_port)
    if problem:
        msg = (
            f"airflow cannot listen on 127.0.0.1:{settings.airflow_port} ({problem}): end the program that does, or "
            "set TIDELINE_AIRFLOW_PORT to another port"
        )
        raise ServiceError(msg)


def _end_left(settings: Settings) -> None:
    """End what a command that was killed left behind."""
    for name in PROCESSES:
        left = running_process(_service(settings, name))
        if left is not None:
            end_processes([left, *left.children(recursive=True)])


def _service(settings: Settings, name: str) -> Service:
    return Service(f"airflow-{name}", settings.home, {})


def _start(settings: Settings, name: str) -> subprocess.Popen[bytes]:
    service = _service(settings, name)
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.log.open("wb") as output:
        # A session of its own: the terminal's Ctrl-C is for the command, which ends its children in order.
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", *PROCESSES[name]],
            env=dict(os.environ) | airflow_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    remember(service, process.pid)
    return process


def _wait_until_ready(settings: Settings, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while missing := _not_healthy(settings):
        _check_alive(settings, processes)
        if time.monotonic() > deadline:
            where = settings.home / "logs"
            msg = f"after {START_SECONDS:g} s {', '.join(missing)} did not answer; see the logs {where}/airflow-*.log"
            raise ServiceError(msg)
        time.sleep(_POLL_SECONDS)


def _not_healthy(settings: Settings) -> list[str]:
    """Which processes do not say that they are well."""
    try:
        answer = urllib3.request("GET", f"{url(settings)}/api/v2/monitor/health", timeout=5.0, retries=False)
        health: dict[str, Any] = json.loads(answer.data)
    except (urllib3.exceptions.HTTPError, ValueError):
        return ["api-server"]
    parts = {"scheduler": "scheduler", "dag-processor": "dag_processor"}
    return [name for name, part in parts.items() if health.get(part, {}).get("status") != "healthy"]


def _check_alive(settings: Settings, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            log = _service(settings, name).log
            tail = log.read_text(errors="replace")[-_TAIL_CHARACTERS:]
            msg = f"Airflow's {name} ended, exit code {process.returncode}; its log {log} ends with\n{tail}"
            raise ServiceError(msg)
