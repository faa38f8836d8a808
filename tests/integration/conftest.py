"""Real services, once per test session: a broker, a MinIO and an Airflow with homes of their own, and one Spark."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.integration.absent import not_run
from tests.integration.postgres import find_postgres, running_postgres
from tests.integration.web import Web, serving
from tideline.airflow_home import initialise_airflow
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
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(5)]
        kafka, controller, minio, airflow, dashboard = (probe.getsockname()[1] for probe in probes)
    return Settings(
        home=home,
        kafka_port=kafka,
        kafka_controller_port=controller,
        minio_port=minio,
        airflow_port=airflow,
        dashboard_port=dashboard,
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
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of an initialised Airflow; what else lies in it is up to each lake's settings."""
    home = tmp_path_factory.mktemp("airflow")
    initialise_airflow(Settings(home=home, spark_master="local[2]", driver_memory="1g"))
    return home


@pytest.fixture(scope="session")
def minio_program() -> Path:
    """The MinIO server's program; without one its tests are reported as not run, and in CI as failed."""
    try:
        return find_minio(lambda _: None)
    except PrerequisiteError as missing:
        not_run(str(missing))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL that runs; without its programs its tests are reported as not run, in CI as failed."""
    programs = find_postgres()
    if programs is None:
        not_run("there is no initdb on the PATH or in /usr/lib/postgresql: install PostgreSQL 15 or newer")
    with running_postgres(programs) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of a test's own."""
    name = f"lake_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return f"{postgres_server.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory, minio_program: Path) -> Iterator[Settings]:
    """Settings of a MinIO that runs, its root's credentials, and a warehouse in a bucket that exists."""
    home = settings_in(tmp_path_factory.mktemp("minio"))
    start_minio(home, minio_program)
    settings = replace(with_embedded(home), warehouse=f"s3a://{BUCKET}/lake", checkpoints="")
    ensure_buckets(settings)
    yield settings
    stop_minio(home)


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server to download from; without aria2c such a test is reported as not run, and in CI as failed."""
    if shutil.which("aria2c") is None:
        not_run("there is no aria2c on PATH: install it, e.g. Debian's aria2")
    with serving() as web:
        yield web
