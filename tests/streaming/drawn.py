"""Many random values for one Spark job: a job costs more than hundreds of values in it."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Value = TypeVar("Value")


def drawn(strategy: st.SearchStrategy[Value], count: int = 500) -> list[Value]:
    """Values that hypothesis draws. It learns of no failure, so it makes none smaller: say the value that failed."""
    values: list[Value] = []

    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(value: Value) -> None:
        values.append(value)

    collect()
    return values
