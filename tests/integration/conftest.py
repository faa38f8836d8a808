"""Real services, started once per test session: a broker and a MinIO of their own homes and ports, and one Spark."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tideline.broker import start_broker, stop_broker
from tideline.errors import PrerequisiteError
from tideline.minio import BUCKET, find_minio, start_minio, stop_minio
from tideline.s3 import ensure_buckets
from tideline.s3_settings import with_embedded
from tideline.settings import Settings
from tideline.topics import create_topics


def settings_in(home: Path) -> Settings:
    """Settings with a home and free ports of their own, and a small Spark."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        kafka, controller, minio = (probe.getsockname()[1] for probe in probes)
    return Settings(
        home=home,
        kafka_port=kafka,
        kafka_controller_port=controller,
        minio_port=minio,
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


@pytest.fixture(scope="session")
def minio_program() -> Path:
    """The MinIO server's program; without one its tests are reported as not run, and in CI as failed."""
    try:
        return find_minio(lambda _: None)
    except PrerequisiteError as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory, minio_program: Path) -> Iterator[Settings]:
    """Settings of a MinIO that runs, its root's credentials, and a warehouse in a bucket that exists."""
    home = settings_in(tmp_path_factory.mktemp("minio"))
    start_minio(home, minio_program)
    settings = replace(with_embedded(home), warehouse=f"s3a://{BUCKET}/lake", checkpoints="")
    ensure_buckets(settings)
    yield settings
    stop_minio(home)
