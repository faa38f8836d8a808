"""What all tests share: one Spark per test session, as every application builds it but for the keys named here."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from streaming.app import STREAM_CONF
from tideline.session import FIRST_COMPILER, build_session
from tideline.settings import Settings

SPARK_OVERRIDES = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1500m",
    # Tests run the stream's queries in the shared session.
    **STREAM_CONF,
}


JVM_OPTIONS = "SPARK_SUBMIT_OPTS"
"""The variable from which Spark's launcher takes further options of a JVM."""


class FewSparks(LoadFileScheduling):
    """Hands out files as a whole, and those that share a Spark as if they were one: a JVM costs more than its tests.

    Unit tests share one, integration tests two: one for streams' queries and one for batch jobs.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        text = (self.config.rootpath / file).read_text()
        if "spark: SparkSession" not in text:
            return file
        return "streams" if "streaming" in text and file.startswith("tests/integration/") else "batches"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FewSparks:
    """The scheduler of the workers, instead of that of ``--dist loadfile``."""
    return FewSparks(config, log)


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> None:
    """Children of tests hear Ctrl-C: what a shell runs in the background ignores it, and so do its children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_second_compiler() -> Iterator[None]:
    """Spark in tests, in child processes too, does without the second compiler: it takes cores and hardly pays."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(JVM_OPTIONS, FIRST_COMPILER)
        yield


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session of all tests."""
    settings = Settings(home=tmp_path_factory.mktemp("spark"))
    session = build_session(settings, "tideline-tests", SPARK_OVERRIDES)
    yield session
    session.stop()


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    """Settings of an empty lake in a folder of its own."""
    return Settings(home=tmp_path, spark_master="local[2]", driver_memory="1g")
