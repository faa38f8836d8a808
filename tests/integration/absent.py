"""What a test says of a part that this machine lacks."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def not_run(reason: str) -> NoReturn:
    """Report the tests that need the part as not run, and in CI as failed: there nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
