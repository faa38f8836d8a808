"""A stream of tweets without Spark: tables made by ``deltalake``, and the judge of their hours called by hand."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from streaming.hours import HourJudge, expected_verdicts, whole_arrivals
from tideline.hour_verdicts import counts_of
from tideline.lake import table_path
from tideline.rows import append_rows, arrow_schema
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.sources import ARRIVALS
from tideline.sources import HOUR_VERDICTS as VERDICTS

MONDAY = datetime(2020, 3, 2, tzinfo=UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)

Row = dict[str, Any]


def tweets(start: datetime, count: int, first: int, **values: object) -> list[Row]:
    """Bronze rows of one hour, received as they were written."""
    rows = []
    for n in range(first, first + count):
        time = start + timedelta(seconds=n % 3600)
        row = {"topic": "tweets", "partition": 0, "offset": n, "event_id": f"e{n}", "reasons": []}
        rows.append(row | {"kafka_timestamp": time, "event_time": time, "lang": "en"} | values)
    return rows


class Stream:
    """The counts query without Spark: counts a batch, writes its offset down, and calls the judge."""

    def __init__(self, settings: Settings, source: str = "tweets", dimension: str = "lang") -> None:
        self.settings, self.source, self.dimension = settings, source, dimension
        self.batch, self.rows = -1, list[Row]()
        self.hourly = f"live.{source.removesuffix('s')}_counts_hourly"
        for name in (f"bronze.{source}", self.hourly, ARRIVALS[source], VERDICTS[source]):
            append_rows(settings, name, [])
        self.restart()

    def restart(self) -> None:
        self.judge = HourJudge(self.settings, self.source, self.hourly, (self.dimension,))

    def take(self, rows: list[Row]) -> None:
        """A commit of bronze, and the batch that reads it."""
        append_rows(self.settings, f"bronze.{self.source}", rows)
        self.rows += rows
        self.batch += 1
        self.count()
        offset = {"reservoirVersion": self.version() + 1, "index": -1, "isStartingVersion": False}
        file = Path(self.settings.checkpoints, f"live.{self.source}_counts", "offsets", str(self.batch))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"v1\n{{}}\n{json.dumps(offset)}")
        self.judge.after_batch(self.batch)

    def count(self) -> None:
        time = "event_time" if self.source == "tweets" else "kafka_timestamp"
        valid = {row["event_id"]: row for row in reversed(self.rows) if not row["reasons"]}.values()
        cells = Counter((row[time].replace(minute=0, second=0), row.get(self.dimension)) for row in valid)
        rows = [{"window_start": hour, self.dimension: part, self.source: n} for (hour, part), n in cells.items()]
        table = pa.Table.from_pylist(rows, schema=arrow_schema(TABLES[self.hourly]))
        write_deltalake(table_path(self.settings, self.hourly), table, mode="overwrite")

    def version(self) -> int:
        return int(DeltaTable(table_path(self.settings, f"bronze.{self.source}")).version())

    def read(self, name: str) -> list[Row]:
        rows: list[Row] = DeltaTable(table_path(self.settings, name)).to_pyarrow_table().to_pylist()
        return rows

    def verdicts(self) -> list[Row]:
        return self.read(VERDICTS[self.source])

    def flagged(self) -> set[tuple[object, ...]]:
        return {standing(row) for row in self.verdicts() if row["state"] == "flagged"}

    def expected(self) -> set[tuple[object, ...]]:
        """What a rebuild gives."""
        hourly = DeltaTable(table_path(self.settings, self.hourly)).to_pyarrow_table()
        counts = counts_of(hourly, self.source, (self.dimension,))
        clocks = whole_arrivals(self.settings, self.source, self.version())
        return {standing(row) for row in expected_verdicts(self.settings, self.source, clocks, counts).to_pylist()}


def standing(row: Row) -> tuple[object, ...]:
    return tuple(value for name, value in row.items() if name != "first_seen")


def week(number: int, **special: int) -> list[Row]:
    """Ten hours of a Monday with 30 tweets each, or other numbers for hours such as ``h3``."""
    rows: list[Row] = []
    for hour in range(10):
        count = special.get(f"h{hour}", 30)
        rows += tweets(MONDAY + number * WEEK + hour * HOUR, count, number * 10_000 + hour * 1000)
    return rows
