"""Compaction: a table of many small files, rewritten in three ways; what it costs, and how fast it is read afterwards.

The rows must be those from before, by an independent digest.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from deltalake import write_deltalake

from bench.rivals import plain_spark
from bench.rivals.contest import CPU_SECONDS, MEMORY, SECONDS, Contender, Proof, Scale, Section, figure
from bench.rivals.errors import ContestError
from bench.rivals.tables import steps
from bench.rivals.tables.checksum import digest_tables
from bench.rivals.tables.silver import emissions
from tideline.lake import table_path
from tideline.settings import Settings

TABLE = "silver.emissions"
FILE_ROWS = 1_000
"""What a micro-batch of a small stream brings."""

WAYS = {
    "ours": ("ours", steps.NOTE.replace("the batch step", "the batch step `compact`")),
    "deltalake": ("deltalake", "`optimize.compact()` with its default target size"),
    "spark": ("naive PySpark", f"read, coalesce(2), overwrite without dataChange; {plain_spark.NOTE}"),
}
MEASURES = (
    CPU_SECONDS,
    SECONDS,
    MEMORY,
    figure("written", "MiB written"),
    figure("files", "files after"),
    figure("read_before", "s to read all before"),
    figure("read_after", "s to read all after"),
)


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[Section]:
    """A table with a commit and a file for each of the micro-batches."""
    lake = replace(settings, home=settings.home / "compaction")
    source = lake.home / "lake"
    try:
        table = Path(table_path(steps.lake_in(source), TABLE))
        write_small_files(table, scale.files)
        before = digest_tables([str(table)])
        yield Section(
            name="compaction",
            question=f"{scale.files:,} files of {FILE_ROWS:,} rows, each from a commit of its own, made few",
            contenders=[Contender(name, note, _command(way, source)) for way, (name, note) in WAYS.items()],
            measures=MEASURES,
            environment=lake.environment(),
            proof=_proof(before),
        )
    finally:
        shutil.rmtree(lake.home, ignore_errors=True)


def write_small_files(table: Path, files: int, seed: int = 7) -> None:
    """Write a table of so many commits, one file each."""
    for number in range(files):
        rows = emissions(number * FILE_ROWS, FILE_ROWS, np.random.default_rng([seed, number]))
        write_deltalake(str(table), rows, mode="append")


def copy_table(source: Path, target: Path) -> None:
    """Copy a table; its Parquet files, which nobody changes, by another name for the same file."""
    shutil.copytree(source, target, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith(".parquet") and "_delta_log" not in source:
        Path(target).hardlink_to(source)
    else:
        shutil.copy2(source, target)


def _command(way: str, source: Path) -> Callable[[Path], list[str]]:
    def command(folder: Path) -> list[str]:
        copy_table(Path(table_path(steps.lake_in(source), TABLE)), Path(table_path(steps.lake_in(folder), TABLE)))
        return [sys.executable, "-m", "bench.rivals.tables.compaction_ways", way, str(folder)]

    return command


def _proof(before: Proof) -> Callable[[Path, Mapping[str, Any]], Proof]:
    def proof(folder: Path, _: Mapping[str, Any]) -> Proof:
        after = digest_tables([table_path(steps.lake_in(folder), TABLE)])
        if after != before:
            msg = f"the table had {before.rows:,} rows ({before.checksum}), now has {after.rows:,} ({after.checksum})"
            raise ContestError(msg)
        return after

    return proof
