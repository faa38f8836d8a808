"""The embedded Kafka: one node, broker and controller in one process, on 127.0.0.1 only."""

from __future__ import annotations

import socket
import subprocess
from base64 import urlsafe_b64encode
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

from tideline.errors import ServiceError
from tideline.jars import jars_dir
from tideline.kafka_admin import admin_client
from tideline.prerequisites import find_java
from tideline.services import Service, ServiceStatus, exclusive, service_status, start_service, stop_service
from tideline.settings import Settings

START_SECONDS = 60.0
_STOP_SECONDS = 30.0


def start_broker(settings: Settings, timeout_seconds: float = START_SECONDS) -> ServiceStatus:
    """Start the broker, unless it runs, and wait until it answers. It outlives the calling process.

    Args:
        settings: home folder, ports and heap.
        timeout_seconds: how long to wait for an answer.

    Raises:
        JarLockError: Kafka's jars are not installed.
        PrerequisiteError: there is no JDK.
        ServiceError: a port is taken, or the broker does not come up; with the end of its log.
    """
    service = _service(settings)
    with exclusive(service):
        _write_properties(settings)
        _format_once(settings)
        return start_service(service, _command(settings, service), lambda: _answers(settings), timeout_seconds)


def stop_broker(settings: Settings, timeout_seconds: float = _STOP_SECONDS) -> bool:
    """Stop the broker and wait until its process is gone.

    Returns:
        Whether it ran.
    """
    service = _service(settings)
    with exclusive(service):
        return stop_service(service, timeout_seconds)


def broker_status(settings: Settings) -> ServiceStatus:
    """Whether the broker's process runs, since when, and where."""
    return service_status(_service(settings))


def is_external(settings: Settings) -> bool:
    """Whether the settings name another Kafka than the embedded one; that one is nobody's here to start or stop."""
    return settings.kafka_bootstrap not in {f"{host}:{settings.kafka_port}" for host in ("127.0.0.1", "localhost")}


def _service(settings: Settings) -> Service:
    ports = {
        "TIDELINE_KAFKA_PORT": settings.kafka_port,
        "TIDELINE_KAFKA_CONTROLLER_PORT": settings.kafka_controller_port,
    }
    return Service("kafka", settings.home, ports)


def _properties_file(settings: Settings) -> Path:
    return settings.home / "run" / "kafka.properties"


def _data_dir(settings: Settings) -> Path:
    return settings.home / "kafka"


def _write_properties(settings: Settings) -> None:
    template = (files("tideline") / "kafka.properties").read_text()
    properties = template.format(
        port=settings.kafka_port,
        controller_port=settings.kafka_controller_port,
        data=str(_data_dir(settings)).replace("\\", "\\\\"),
    )
    _properties_file(settings).write_text(properties)


def _java(heap: str) -> list[str]:
    # One collector thread: with a heap this small the others only cost memory and start-up.
    return [str(find_java()), f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]


def _classpath() -> list[str]:
    return ["-cp", f"{jars_dir('kafka')}/*"]


def _command(settings: Settings, service: Service) -> list[str]:
    log4j = f"-Dlog4j2.configurationFile=file:{files('tideline') / 'kafka-log4j2.properties'}"
    system = [log4j, f"-Dtideline.log={service.log}"]
    return [
        *_java(settings.kafka_heap),
        *system,
        *_classpath(),
        "kafka.Kafka",
        str(_properties_file(settings)),
    ]


def _format_once(settings: Settings) -> None:
    """Give the data folder its cluster id; Kafka refuses a folder without one, and data stay with theirs."""
    if (_data_dir(settings) / "meta.properties").exists():
        return
    cluster_id = "T" + urlsafe_b64encode(uuid4().bytes).decode()[1:22]  # never begins with a dash, an option's sign
    arguments = ["format", "--cluster-id", cluster_id, "--config", str(_properties_file(settings))]
    command = [
        *_java("128m"),
        "-XX:TieredStopAtLevel=1",
        *_classpath(),
        "kafka.tools.StorageTool",
        *arguments,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        said = (result.stderr + result.stdout).strip()
        msg = f"kafka cannot format {_data_dir(settings)}: is the folder writable? It said\n{said}"
        raise ServiceError(msg)


def _answers(settings: Settings) -> bool:
    """Whether the broker serves clients; a bare connection first, since the client waits when refused."""
    try:
        socket.create_connection(("127.0.0.1", settings.kafka_port), timeout=1).close()
        with admin_client(f"127.0.0.1:{settings.kafka_port}") as client:
            return bool(client.describe_cluster()["brokers"])
    except (OSError, ServiceError):
        return False
