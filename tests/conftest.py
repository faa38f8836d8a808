"""What all tests share: one Spark per test session, as every application builds it but for the keys named here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from streaming.app import STREAM_CONF
from tideline.session import FIRST_COMPILER, build_session
from tideline.settings import Settings

SPARK_OVERRIDES = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1500m",
    # Tests run the stream's queries in the shared session.
    **STREAM_CONF,
}


JVM_OF_CHILDREN = "SPARK_SUBMIT_OPTS"
"""The variable from which Spark's launcher takes further options of a JVM."""


@pytest.fixture(scope="session", autouse=True)
def short_lived_children() -> Iterator[None]:
    """Spark in child processes does without the second compiler: they end before it pays, and it takes their cores."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(JVM_OF_CHILDREN, FIRST_COMPILER)
        yield


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session of all tests."""
    settings = Settings(home=tmp_path_factory.mktemp("spark"))
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv(JVM_OF_CHILDREN)
        session = build_session(settings, "tideline-tests", SPARK_OVERRIDES)
    yield session
    session.stop()


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    """Settings of an empty lake in a folder of its own."""
    return Settings(home=tmp_path, spark_master="local[2]", driver_memory="1g")
