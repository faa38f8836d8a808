"""The embedded services' processes: pids, ports, logs. A service outlives the command that starts it.

A pid counts only together with the time at which its process began: a recycled pid is never ours.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tideline.errors import ServiceError

_TAIL_LINES = 15
_POLL_SECONDS = 0.1
_STOP_SECONDS = 30.0
# A killed process of many threads holds its ports a moment longer than its pid.
_FREE_SECONDS = 2.0
# The operating system derives a process's begin from the clock, which may be set a little in between.
_CLOCK_SECONDS = 5.0


@dataclass(frozen=True)
class Service:
    """A service under one home folder; ``ports`` are named by the settings that change them.

    Attributes:
        environment: variables beside this process's own; secrets stay in files that they name.
        writes_log: whether the service writes a log of its own, or its output is all that there is.
    """

    name: str
    home: Path
    ports: Mapping[str, int]
    environment: Mapping[str, str] = field(default_factory=dict)
    writes_log: bool = True

    @property
    def pid_file(self) -> Path:
        """Where the running process is remembered."""
        return self.home / "run" / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """The log that the service itself writes and bounds; its output where it writes none."""
        return self.home / "logs" / f"{self.name}.log" if self.writes_log else self.output

    @property
    def output(self) -> Path:
        """What the process says beside its log, anew at each start."""
        return self.home / "logs" / f"{self.name}.out"


@dataclass(frozen=True)
class ServiceStatus:
    """What is known of a service; the optional values are None while it is down."""

    name: str
    ports: Mapping[str, int]
    log: Path
    pid: int | None = None
    since: datetime | None = None
    memory_bytes: int | None = None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self.pid is not None


def service_status(service: Service) -> ServiceStatus:
    """Look at the service's process."""
    process = running_process(service)
    if process is None:
        return ServiceStatus(service.name, service.ports, service.log)
    since = datetime.fromtimestamp(process.create_time(), UTC)
    ports = json.loads(service.pid_file.read_text())["ports"]
    return ServiceStatus(service.name, ports, service.log, process.pid, since, process.memory_info().rss)


def running_process(service: Service) -> psutil.Process | None:
    """The process that was started for this service, if it still runs.

    Raises:
        ServiceError: the pid file is unreadable.
    """
    if not service.pid_file.exists():
        return None
    try:
        remembered = json.loads(service.pid_file.read_text())
        process = psutil.Process(remembered["pid"])
        same = abs(process.create_time() - remembered["create_time"]) < _CLOCK_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
    except (ValueError, KeyError) as error:
        msg = f"{service.pid_file} is not a pid file: end {service.name} if it runs, then delete the file"
        raise ServiceError(msg) from error


@contextmanager
def exclusive(service: Service) -> Iterator[None]:
    """Keep a second start or stop of the same service waiting."""
    service.pid_file.parent.mkdir(parents=True, exist_ok=True)
    with service.pid_file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start_service(
    service: Service, command: Sequence[str], ready: Callable[[], bool], timeout_seconds: float
) -> ServiceStatus:
    """Start the process, unless it runs, and wait until it is ready.

    Args:
        service: name, home and ports.
        command: the program and its arguments.
        ready: says whether the service answers.
        timeout_seconds: how long to wait for that.

    Raises:
        ServiceError: a port is taken, the process ended, or it did not answer in time.
    """
    process = running_process(service)
    if process is not None:
        _check_same_ports(service)
        if _comes_up(service, process, ready, timeout_seconds):
            return service_status(service)
    _check_free_ports(service)
    process = _spawn(service, command)
    try:
        if not _comes_up(service, process, ready, timeout_seconds):
            msg = f"{service.name} ended while it started; its log {service.log} ends with\n{_tail(service)}"
            raise ServiceError(msg)
    except BaseException:
        _end(process, 0.0)
        service.pid_file.unlink()
        raise
    return service_status(service)


def stop_service(service: Service, timeout_seconds: float = _STOP_SECONDS) -> bool:
    """Stop the process: SIGTERM, and SIGKILL when it is still there after the timeout.

    Returns:
        Whether there was one.
    """
    process = running_process(service)
    if process is not None:
        _end(process, timeout_seconds)
    service.pid_file.unlink(missing_ok=True)
    return process is not None


def _spawn(service: Service, command: Sequence[str]) -> psutil.Process:
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.output.open("wb") as output:
        # A session of its own: the terminal's Ctrl-C is not for the service.
        process = psutil.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=service.home,
            env=os.environ | service.environment,
            start_new_session=True,
        )
    return remember(service, process.pid)


def remember(service: Service, pid: int) -> psutil.Process:
    """Note that this process is the service's; see ``running_process``."""
    process = psutil.Process(pid)
    remembered = {"pid": pid, "create_time": process.create_time(), "ports": dict(service.ports)}
    new = service.pid_file.with_suffix(".new")
    new.write_text(json.dumps(remembered))
    new.replace(service.pid_file)
    return process


def _end(process: psutil.Process, timeout_seconds: float) -> None:
    try:
        process.terminate()
        process.wait(timeout_seconds)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(timeout_seconds or None)
    except psutil.NoSuchProcess:
        return


def _comes_up(service: Service, process: psutil.Process, ready: Callable[[], bool], timeout_seconds: float) -> bool:
    """Wait until the service is ready; False if its process ends before that."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        if running_process(service) is None:
            return False
        if time.monotonic() > deadline:
            msg = (
                f"{service.name} (pid {process.pid}) did not answer within {timeout_seconds:g} s; "
                f"its log {service.log} ends with\n{_tail(service)}"
            )
            raise ServiceError(msg)
        time.sleep(_POLL_SECONDS)
    return True


def _tail(service: Service) -> str:
    lines: list[str] = []
    for path in dict.fromkeys((service.log, service.output)):
        lines += path.read_text(errors="replace").splitlines()[-_TAIL_LINES:] if path.exists() else []
    return "\n".join(lines)


def _check_same_ports(service: Service) -> None:
    running = json.loads(service.pid_file.read_text())["ports"]
    for setting, port in service.ports.items():
        if running[setting] != port:
            msg = f"{service.name} runs with {setting}={running[setting]}, got {port}: run tideline down first"
            raise ServiceError(msg)


def _check_free_ports(service: Service) -> None:
    deadline = time.monotonic() + _FREE_SECONDS
    for setting, port in service.ports.items():
        while (problem := bind_problem(port)) is not None:
            if time.monotonic() > deadline:
                msg = (
                    f"{service.name} cannot listen on 127.0.0.1:{port} ({problem}): "
                    f"end the program that does, or set {setting} to another port"
                )
                raise ServiceError(msg)
            time.sleep(_POLL_SECONDS)


def bind_problem(port: int) -> str | None:
    """Why nothing can listen on this port of 127.0.0.1, or None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror
    return None
