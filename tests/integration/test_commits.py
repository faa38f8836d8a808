"""Two JVMs append to one table, in a folder and on S3: every commit that was acknowledged is there, once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.integration.conftest import settings_in
from tideline.s3 import credential_variables, storage_options
from tideline.settings import Settings

pytestmark = pytest.mark.integration

COMMITS = 25
WRITERS = ("a", "b")


def race(settings: Settings, *overrides: str) -> list[tuple[str, int]]:
    """What two JVMs at once were told is committed."""
    command = [sys.executable, "-m", "tests.integration.appender"]
    created = subprocess.run([*command, "first", "0", *overrides], env=settings.environment(), check=False)
    assert created.returncode == 0
    racing = [
        subprocess.Popen(
            [*command, writer, str(COMMITS), *overrides], env=settings.environment(), stdout=subprocess.PIPE, text=True
        )
        for writer in WRITERS
    ]
    outputs = [process.communicate(timeout=300)[0] for process in racing]
    assert [process.returncode for process in racing] == [0, 0]
    return [(writer, int(line)) for writer, said in zip(WRITERS, outputs, strict=True) for line in said.splitlines()]


def rows(settings: Settings) -> list[tuple[str, int]]:
    """What a reader without Spark finds."""
    path = f"{settings.warehouse}/raced".replace("s3a://", "s3://")
    found = DeltaTable(path, storage_options=storage_options(settings)).to_pyarrow_table().to_pydict()
    return sorted(zip(found["writer"], found["number"], strict=True))


def small(settings: Settings) -> Settings:
    return replace(settings, driver_memory="512m", spark_master="local[1]")


def test_no_commit_to_a_folder_is_lost(tmp_path: Path) -> None:
    settings = small(settings_in(tmp_path))
    acknowledged = race(settings)
    assert rows(settings) == sorted(acknowledged)
    assert len(acknowledged) == 2 * COMMITS
    assert list(Path(settings.warehouse, "raced", "_delta_log").glob(".*tmp")) == []


def test_no_commit_to_s3_is_lost(minio: Settings) -> None:
    settings = small(replace(minio, warehouse=f"{minio.warehouse}/race", checkpoints=""))
    assert credential_variables(settings)
    acknowledged = race(settings)
    assert rows(settings) == sorted(acknowledged)
    assert len(acknowledged) == 2 * COMMITS
