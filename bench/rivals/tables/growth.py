"""Growth: what the commits before it cost a commit, and those who open a table and list its files; on MinIO."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from bench.commits import COMMITS_PER_COMPACTION, TABLE
from bench.rivals.contest import CPU_SECONDS, MEMORY, SECONDS, Contender, Measure, Proof, Scale, Section, figure
from bench.rivals.tables.checksum import digest
from bench.store import own_store
from tideline.lake import table_path
from tideline.minio import minio_status
from tideline.s3 import storage_options
from tideline.settings import Settings

_OFTEN = f"compacted every {COMMITS_PER_COMPACTION} commits, beside the commits"
WAYS = {
    "ours maintained": ("ours, maintained", f"Spark as the stream configures it; {_OFTEN}"),
    "ours bare": ("ours, no maintenance", "the same, never compacted"),
    "deltalake maintained": (
        "deltalake, maintained",
        f"write_deltalake onto one open table, its own checkpoints; {_OFTEN}",
    ),
    "deltalake bare": ("deltalake, no maintenance", "the same, never compacted"),
}
KINDS = ("commit", "open", "list")
"""What is timed: a commit; opening the table, by deltalake; naming all its files, by the same."""


@contextmanager
def section(settings: Settings, scale: Scale) -> Iterator[Section]:
    """A store; every run commits to a folder of its own in it."""
    with own_store(replace(settings, home=settings.home / "growth")) as lake:
        pid = minio_status(lake).pid
        yield Section(
            name="growth",
            question=f"{scale.commits:,} commits of one row each to a table on MinIO; times in ms at the end",
            contenders=[Contender(name, note, _command(way, scale)) for way, (name, note) in WAYS.items()],
            measures=(*(m for kind in KINDS for m in _measures(kind)), CPU_SECONDS, SECONDS, MEMORY),
            environment=lake.environment(),
            servers={"MinIO": pid} if pid else {},
            proof=_proof(lake),
            limit_seconds=4 * 3600,
        )


def lake_of(lake: Settings, folder: Path) -> Settings:
    """The lake of a run: the store's, in a folder named as the run's working folder."""
    return replace(lake, warehouse=f"{lake.warehouse}/{folder.name}", checkpoints="")


def _measures(kind: str) -> tuple[Measure, Measure]:
    return figure(f"{kind}_exponent", "exponent"), figure(f"{kind}_ms", "ms at the end")


def _command(way: str, scale: Scale) -> Callable[[Path], list[str]]:
    return lambda folder: [
        *(sys.executable, "-m", "bench.rivals.tables.growth_ways"),
        *(*way.split(), str(scale.commits), str(folder)),
    ]


def _proof(lake: Settings) -> Callable[[Path, Mapping[str, Any]], Proof]:
    def proof(folder: Path, _: Mapping[str, Any]) -> Proof:
        table = DeltaTable(table_path(lake_of(lake, folder), TABLE), storage_options=storage_options(lake))
        # Not pyarrow: what it reads through deltalake may abort a process that ends soon after.
        found = QueryBuilder().register("t", table).execute('select topic, "partition", "offset" from t').read_all()
        return digest(pa.table(found).to_batches())

    return proof
