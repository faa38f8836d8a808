"""``tideline airflow`` for real: it answers to its password only, shows the DAGs, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3

from tests.integration.conftest import settings_in
from tideline.airflow_home import DAGS
from tideline.settings import Settings

pytestmark = pytest.mark.integration

TIDELINE = (sys.executable, "-c", "from cli.main import main; main()", "airflow")
DEADLINE_SECONDS = 240


def ask(settings: Settings, method: str, path: str, **request: Any) -> Any:
    url = f"http://127.0.0.1:{settings.airflow_port}{path}"
    return urllib3.request(method, url, retries=False, timeout=30, **request)


def dag_ids(settings: Settings, token: str) -> set[str]:
    answer = ask(settings, "GET", "/api/v2/dags", headers={"Authorization": f"Bearer {token}"})
    return {dag["dag_id"] for dag in json.loads(answer.data)["dags"]}


def test_a_command_of_airflows_own_runs_in_the_same_home_and_ends_with_its_exit_code(airflow_home: Path) -> None:
    settings = settings_in(airflow_home)
    command = [*TIDELINE, "config", "get-value", "core", "dags_folder"]
    done = subprocess.run(command, env=settings.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, [str(DAGS)]), done.stderr
    wrong = subprocess.run([*TIDELINE, "no-such"], env=settings.environment(), capture_output=True, check=False)
    assert wrong.returncode == 2


@contextmanager
def airflow_runs(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``tideline airflow`` and what it says first; on SIGTERM in the end it leaves no process."""
    process = subprocess.Popen(TIDELINE, env=settings.environment(), stderr=subprocess.PIPE, text=True)
    started: list[psutil.Process] = []
    try:
        assert process.stderr is not None
        assert (
            process.stderr.readline() == f"Airflow runs at http://127.0.0.1:{settings.airflow_port}; Ctrl-C ends it\n"
        )
        said = process.stderr.readline()
        started = psutil.Process(process.pid).children(recursive=True)
        yield process, said
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(DEADLINE_SECONDS)
        left = [one for one in started if one.is_running()]
        for one in left:
            one.kill()
    assert [one.pid for one in left] == []
    assert code in {143, -signal.SIGKILL}


def test_airflow_answers_to_its_password_with_the_dags_and_leaves_no_process_behind(airflow_home: Path) -> None:
    settings = settings_in(airflow_home)
    (airflow_home / "airflow" / "passwords.json").unlink(missing_ok=True)
    expected = {file.stem for file in DAGS.glob("*.py")} - {"spark_tasks"}
    with airflow_runs(settings) as (process, said):
        password = said.removeprefix("user admin, password ").strip()
        running = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert not any(password in argument for one in running for argument in one.cmdline())

        wrong = ask(settings, "POST", "/auth/token", json={"username": "admin", "password": "admin"})
        assert (wrong.status, ask(settings, "GET", "/api/v2/dags").status) == (401, 401)
        given = ask(settings, "POST", "/auth/token", json={"username": "admin", "password": password})
        token = json.loads(given.data)["access_token"]
        deadline = time.monotonic() + DEADLINE_SECONDS
        while dag_ids(settings, token) != expected:
            assert time.monotonic() < deadline, dag_ids(settings, token)
            time.sleep(1)

        second = subprocess.run(TIDELINE, env=settings.environment(), capture_output=True, text=True, check=False)
        assert (second.returncode, second.stderr.replace("\n", " ")) == (
            1,
            f"error: Airflow of {settings.home} runs already: pid {process.pid}, "
            f"http://127.0.0.1:{settings.airflow_port}; use it, or end it with Ctrl-C or SIGTERM ",
        )
    secret = settings.home / "airflow" / "passwords.json"
    assert secret.stat().st_mode & 0o777 == 0o600
    written = [Path(folder) / name for folder, _, names in os.walk(settings.home) for name in names]
    assert [file for file in written if file != secret and password.encode() in file.read_bytes()] == []


@pytest.mark.long
def test_what_a_killed_airflow_left_running_is_ended_by_the_next_one_which_keeps_the_password(
    airflow_home: Path,
) -> None:
    settings = settings_in(airflow_home)
    with airflow_runs(settings) as (process, _):
        left = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        assert [one for one in left if one.is_running()]
        with airflow_runs(settings) as (_, said):
            assert said == f"user admin, password in {settings.home / 'airflow' / 'passwords.json'}\n"
            assert [one.pid for one in left if one.is_running()] == []
