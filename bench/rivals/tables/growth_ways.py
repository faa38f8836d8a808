"""Growth's contenders: ``python -m bench.rivals.tables.growth_ways ours|deltalake maintained|bare COMMITS FOLDER``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from threading import Thread

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from bench.commits import COMMITS_PER_COMPACTION, TABLE, commit_rows
from bench.growth import BLOCK, WARM_UP_BLOCKS, fit_growth
from bench.rivals.tables.growth import lake_of
from tideline.lake import table_path
from tideline.rows import arrow_schema
from tideline.s3 import storage_options
from tideline.schemas import TABLES
from tideline.settings import Settings, load_settings

COMMITS_PER_LOOK = 25
"""After so many commits the table is opened and listed once."""


def commit_by_deltalake(lake: Settings, commits: int, *, maintained: bool) -> Iterator[float]:
    """The same rows by deltalake; yields the seconds of each commit."""
    path, options = table_path(lake, TABLE), storage_options(lake)
    schema = arrow_schema(TABLES[TABLE])
    row = pa.Table.from_pylist([dict.fromkeys(schema.names)], schema=schema)
    write_deltalake(path, row.slice(0, 0), storage_options=options)
    # One table that is brought up to date, as deltalake's documentation advises who writes often.
    table, maintenance = DeltaTable(path, storage_options=options), Thread()
    for number in range(commits):
        if maintained and number % COMMITS_PER_COMPACTION == COMMITS_PER_COMPACTION - 1:
            maintenance = Thread(target=DeltaTable(path, storage_options=options).optimize.compact)
            maintenance.start()
        begun = time.monotonic()
        write_deltalake(table, row, mode="append")
        yield time.monotonic() - begun
    if maintenance.ident is not None:
        maintenance.join()


def look(lake: Settings) -> tuple[float, float]:
    """The seconds to open the table, and to name its files."""
    begun = time.monotonic()
    table = DeltaTable(table_path(lake, TABLE), storage_options=storage_options(lake))
    opened = time.monotonic()
    table.file_uris()
    return opened - begun, time.monotonic() - opened


def main() -> None:
    """Commit, look now and then, and fit."""
    who, maintenance, commits, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    lake = lake_of(load_settings(), folder)
    ways: dict[str, Callable[..., Iterator[float]]] = {"ours": commit_rows, "deltalake": commit_by_deltalake}
    times: dict[str, list[float]] = {"commit": [], "open": [], "list": []}
    for seconds in ways[who](lake, commits, maintained=maintenance == "maintained"):
        times["commit"].append(seconds)
        if len(times["commit"]) % COMMITS_PER_LOOK == 0:
            for kind, found in zip(("open", "list"), look(lake), strict=True):
                times[kind].append(found)
    sys.stdout.write(json.dumps({"rows": commits, **_said(times)}) + "\n")


def _said(times: dict[str, list[float]]) -> dict[str, object]:
    """Exponents, the last block's times, and points to plot."""
    said: dict[str, object] = {}
    series = {}
    for kind, seconds in times.items():
        every = 1 if kind == "commit" else COMMITS_PER_LOOK
        growth = fit_growth(seconds, BLOCK // every, WARM_UP_BLOCKS)
        said[f"{kind}_exponent"] = growth.exponent
        said[f"{kind}_ms"] = median(seconds[-BLOCK // every :]) * 1000
        series[f"{kind}, ms"] = [(number * every, value * 1000) for number, value in growth.points]
    return said | {"series": series}


if __name__ == "__main__":
    main()
