"""A lake of literal rows, small enough to be counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.builders import Write, write_rows, write_small_lake
from tideline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def write(settings: Settings) -> Write:
    return lambda name, rows: write_rows(settings, name, rows)


@pytest.fixture
def lake_settings(settings: Settings) -> Settings:
    """Four tweet records (one a resend, one in quarantine) and two emission rows, taken through to gold."""
    write_small_lake(settings)
    return settings
