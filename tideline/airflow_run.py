"""Runs a DAG for real with the embedded Airflow, without a scheduler; tells each task's progress and its own error."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tideline.airflow_home import airflow_environment, airflow_process
from tideline.errors import ServiceError
from tideline.settings import Settings

_STARTING = re.compile(r"\[DAG TEST\] starting task_id=(\S+)")
_STATE = "new_state"
_SAID = ("error: ", "skipped: ")
"""What a command that fails, or has nothing to do, says last."""


@dataclass(frozen=True)
class TaskEvent:
    """A task begins (``running``) or ends (``success``, ``skipped``, ``up_for_retry``, ``failed``).

    ``error`` is its own sentence about why it failed or was skipped.
    """

    task_id: str
    state: str
    error: str = ""


def run_dag(
    settings: Settings, dag_id: str, on_task: Callable[[TaskEvent], None], params: Mapping[str, Any] | None = None
) -> Path:
    """Run a DAG once, now, and wait for it; call ``initialise_airflow`` before.

    Args:
        settings: where Airflow lives.
        dag_id: the DAG.
        on_task: called with every event, as it happens.
        params: the run's own, beside the DAG's defaults; no secrets, for a process list shows them.

    Returns:
        The run's log.

    Raises:
        ServiceError: the run failed; names the task, its error and the log.
    """
    log = settings.home / "logs" / f"airflow-{dag_id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    last = TaskEvent("no task", "none")
    with log.open("w") as file, _airflow_run(settings, dag_id, params or {}) as process:
        try:
            for event in task_events(_copied(process.stdout or [], file)):
                on_task(event)
                # Tasks that do not need a failed one still run after it.
                last = last if last.state == "failed" else event
        except BaseException:
            # spark-submit and its JVM are in the group, too.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        error = last.error or log.read_text()[-1000:]
        msg = f"DAG {dag_id} failed in {last.task_id}: {error} (the whole log: {log})"
        raise ServiceError(msg)
    return log


def task_events(lines: Iterable[str]) -> Iterator[TaskEvent]:
    """The events in Airflow's log, one JSON object per line; other lines are passed over.

    >>> lines = ['{"event": "[DAG TEST] starting task_id=gold map_index=-1"}', '{"event": "error: no"}', 'text',
    ...          '{"event": "Task instance state updated", "new_state": "failed"}']
    >>> [(e.task_id, e.state, e.error) for e in task_events(lines)]
    [('gold', 'running', ''), ('gold', 'failed', 'no')]
    """
    task, error = "", ""
    for line in lines:
        record = _record(line)
        event = str(record.get("event", ""))
        started = _STARTING.match(event)
        if started:
            task, error = started[1], ""
            yield TaskEvent(task, "running")
        elif event.startswith(_SAID):
            error = event.partition(": ")[2]
        elif _STATE in record:
            yield TaskEvent(task, str(record[_STATE]), error)


def _airflow_run(settings: Settings, dag_id: str, params: Mapping[str, Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        airflow_process(["dags", "test", dag_id, "--conf", json.dumps(params)]),
        env=dict(os.environ) | airflow_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _copied(lines: Iterable[str], file: IO[str]) -> Iterator[str]:
    for line in lines:
        file.write(line)
        file.flush()
        yield line


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
