"""What all tests share: one Spark per test session, as every application builds it but for the keys named here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from streaming.app import STREAM_CONF
from tideline.session import build_session
from tideline.settings import Settings

SPARK_OVERRIDES = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1500m",
    # Tests run the stream's queries in the shared session.
    **STREAM_CONF,
}


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
