import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tideline.errors import ServiceError
from tideline.services import (
    Service,
    running_process,
    service_status,
    start_service,
    stop_service,
)

LISTEN = "import socket, time; server = socket.create_server(('127.0.0.1', {port})); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LISTEN


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    service = Service("echo", tmp_path, {"TIDELINE_ECHO_PORT": port})
    service.pid_file.parent.mkdir()
    yield service
    stop_service(service, 0.1)


def answers(service: Service) -> bool:
    try:
        socket.create_connection(("127.0.0.1", service.ports["TIDELINE_ECHO_PORT"]), timeout=1).close()
    except OSError:
        return False
    return True


def start(service: Service, code: str = LISTEN, timeout_seconds: float = 20.0) -> int:
    command = [sys.executable, "-c", code.format(port=service.ports["TIDELINE_ECHO_PORT"])]
    pid = start_service(service, command, lambda: answers(service), timeout_seconds).pid
    assert pid is not None
    return pid


def test_a_second_start_finds_the_first_process(service: Service) -> None:
    assert start(service) == start(service)


def test_stop_leaves_no_process_behind(service: Service) -> None:
    pid = start(service)
    assert (stop_service(service), stop_service(service)) == (True, False)
    assert not psutil.pid_exists(pid)
    assert not service_status(service).running


def test_a_process_that_ignores_sigterm_is_killed(service: Service) -> None:
    pid = start(service, STUBBORN)
    stop_service(service, 0.5)
    assert not psutil.pid_exists(pid)


def test_a_killed_process_is_down_and_starts_again(service: Service) -> None:
    pid = start(service)
    psutil.Process(pid).kill()
    while running_process(service) is not None:
        time.sleep(0.01)
    assert start(service) != pid


def test_a_taken_port_is_named_with_the_setting_that_changes_it(service: Service) -> None:
    port = service.ports["TIDELINE_ECHO_PORT"]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ServiceError) as error:
        start(service)
    assert str(error.value) == (
        f"echo cannot listen on 127.0.0.1:{port} (Address already in use): "
        "end the program that does, or set TIDELINE_ECHO_PORT to another port"
    )
    assert not service.pid_file.exists()


def test_a_service_that_runs_on_other_ports_is_not_taken_for_the_wanted_one(service: Service) -> None:
    start(service)
    port = service.ports["TIDELINE_ECHO_PORT"]
    with pytest.raises(ServiceError) as error:
        start(Service("echo", service.home, {"TIDELINE_ECHO_PORT": port + 1}))
    assert str(error.value) == (f"echo runs with TIDELINE_ECHO_PORT={port}, got {port + 1}: run tideline down first")


@pytest.fixture
def stranger() -> Iterator[psutil.Popen]:
    with psutil.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def test_a_recycled_pid_is_not_killed(service: Service, stranger: psutil.Popen) -> None:
    remembered = {"pid": stranger.pid, "create_time": stranger.create_time() - 3600, "ports": dict(service.ports)}
    service.pid_file.write_text(json.dumps(remembered))
    assert not service_status(service).running
    assert stop_service(service) is False
    assert stranger.poll() is None


def test_a_process_that_ends_at_once_is_reported_with_its_last_words(service: Service) -> None:
    with pytest.raises(ServiceError) as error:
        start(service, "raise SystemExit('no configuration {port}')")
    port = service.ports["TIDELINE_ECHO_PORT"]
    assert str(error.value) == (
        f"echo ended while it started; its log {service.log} ends with\nno configuration {port}"
    )
    assert not service.pid_file.exists()


def test_a_process_that_does_not_answer_in_time_is_ended(service: Service) -> None:
    with pytest.raises(ServiceError, match=r"echo \(pid \d+\) did not answer within 0.5 s") as error:
        start(service, "import time; time.sleep(600)", 0.5)
    pid = int(str(error.value).split("(pid ")[1].split(")")[0])
    assert not psutil.pid_exists(pid)


def test_an_unreadable_pid_file_is_not_guessed_at(service: Service) -> None:
    service.pid_file.write_text("")
    with pytest.raises(ServiceError) as error:
        running_process(service)
    assert str(error.value) == f"{service.pid_file} is not a pid file: end echo if it runs, then delete the file"
    service.pid_file.unlink()
