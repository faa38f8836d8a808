"""Real services, started once per test session: a broker of its own home and ports, and one Spark."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tideline.broker import start_broker, stop_broker
from tideline.settings import Settings
from tideline.topics import create_topics


def settings_in(home: Path) -> Settings:
    """Settings with a home and free ports of their own, and a small Spark."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        kafka, controller = (probe.getsockname()[1] for probe in probes)
    return Settings(
        home=home,
        kafka_port=kafka,
        kafka_controller_port=controller,
        kafka_heap="400m",
        spark_master="local[2]",
        driver_memory="1g",
    )


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a broker that runs, with the declared topics."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    start_broker(settings)
    create_topics(settings)
    yield settings
    stop_broker(settings)


@pytest.fixture(scope="module")
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a home of one's own, whose broker may be killed; it is down at first."""
    settings = settings_in(tmp_path_factory.mktemp("own"))
    yield settings
    stop_broker(settings)
