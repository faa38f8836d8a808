"""A measured figure, and how all of them are shown."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

VERSIONS = ("pyspark", "delta-spark", "kafka-python", "deltalake", "great-expectations")


@dataclass(frozen=True)
class Figure:
    """One measured value with its unit."""

    section: str
    name: str
    value: float
    unit: str


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the figures as one table."""
    table = Table(title=f"{psutil.cpu_count()} cores, {platform.platform(terse=True)}")
    for heading in ("section", "figure"):
        table.add_column(heading)
    table.add_column("value", justify="right")
    table.add_column("unit")
    for figure in figures:
        shown = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
        table.add_row(figure.section, figure.name, shown, figure.unit)
    console.print(table)


def about(versions: Sequence[str] = VERSIONS) -> dict[str, Any]:
    """What a reader needs to judge figures: when, where, with what; a package that is not there has no version."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in versions},
    }


def write(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures, with what a reader needs to judge them, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about() | {"figures": [asdict(figure) for figure in figures]}, indent=2) + "\n")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
