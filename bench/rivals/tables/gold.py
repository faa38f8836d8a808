"""Gold: all eight marts from silver, by our step and by three others; equal when every mart has equal rows.

Each contender reads the same silver tables and writes the marts as Delta tables, ``<folder>/gold/<mart>``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.rivals import plain_spark
from bench.rivals.contest import CPU_SECONDS, MEMORY, SECONDS, Contender, Proof, Scale, Section
from bench.rivals.tables import steps
from bench.rivals.tables.checksum import digest_tables
from bench.rivals.tables.silver import write_silver
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.settings import Settings

MARTS = [name for name, table in TABLES.items() if table.schema == "gold"]

NOTES = {
    "ours": steps.NOTE,
    "spark": f"{plain_spark.NOTE}; each mart read, grouped and written by itself, in turn",
    "duckdb": "SQL over Parquet files; exact quotients in integers, for it divides decimals as doubles",
    "polars": "lazy scans, all marts collected together by the streaming engine, decimals kept",
}
NAMES = {"ours": "ours", "spark": "naive PySpark", "duckdb": "DuckDB", "polars": "Polars"}


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[list[Section]]:
    """Silver at every size that is asked for, and a contest over each."""
    home = settings.home / "gold"
    lake = replace(settings, home=home)
    silver = {rows: home / f"silver-{rows}" for rows in scale.rows}
    try:
        for rows, folder in silver.items():
            write_silver(steps.lake_in(folder), rows)
        yield [_section(lake, rows, folder) for rows, folder in silver.items()]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _section(lake: Settings, rows: int, silver: Path) -> Section:
    return Section(
        name=f"gold, {rows:,} rows",
        question=f"All eight marts from {rows:,} rows of silver (half tweets, half emissions), as Delta tables",
        contenders=[Contender(NAMES[way], note, _command(way, silver)) for way, note in NOTES.items()],
        measures=(CPU_SECONDS, SECONDS, MEMORY),
        environment=lake.environment(),
        proof=_proof,
    )


def _command(way: str, silver: Path) -> Callable[[Path], list[str]]:
    return lambda folder: [sys.executable, "-m", f"bench.rivals.tables.gold_{way}", str(silver), str(folder)]


def _proof(folder: Path, _: Mapping[str, Any]) -> Proof:
    return digest_tables(table_path(steps.lake_in(folder), name) for name in MARTS)
