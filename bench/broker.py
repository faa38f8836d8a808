"""A Kafka of the benchmark's own, in a folder that is gone at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tideline.broker import start_broker, stop_broker
from tideline.settings import Settings

PORTS_AWAY = 100
"""From the ports of the settings, so that a lake that runs on this machine is left alone."""


@contextmanager
def own_broker(settings: Settings) -> Iterator[Settings]:
    """Start a broker, and yield settings of a lake beside it; both are removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="tideline-bench-"))
    own = replace(settings, home=home, warehouse="", checkpoints="", kafka_port=settings.kafka_port + PORTS_AWAY)
    own = replace(own, kafka_controller_port=settings.kafka_controller_port + PORTS_AWAY, kafka_bootstrap="")
    try:
        start_broker(own)
        yield own
    finally:
        stop_broker(own)
        shutil.rmtree(home, ignore_errors=True)
