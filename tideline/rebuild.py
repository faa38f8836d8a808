"""What a rebuild is told and what it tells: days and tables, the differences found, and their record in ``ops``."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from rich.console import Group
from rich.table import Table as TextTable
from rich.text import Text

from tideline.difference import Days, Difference
from tideline.errors import TableError
from tideline.lake import was_created
from tideline.rows import append_rows
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.tables import declared_type, read_table

LAYERS: Final = ("silver", "live", "gold")
"""What is made from bronze."""

RECORD: Final = "ops.rebuilds"


@dataclass(frozen=True)
class Order:
    """What is to be rebuilt; a dry run only looks."""

    days: Days
    tables: tuple[str, ...]
    dry_run: bool

    def tables_of(self, layer: str) -> list[str]:
        """The tables of a layer that are to be rebuilt."""
        return [name for name in self.tables if TABLES[name].schema == layer]

    def concerned(self, differences: Sequence[Difference]) -> list[Difference]:
        """All of a table's differences if any of them is of these days, else none."""
        return list(differences) if any(self.days.hold(d.day) for d in differences) else []


def parse_order(prog: str, arguments: Sequence[str]) -> Order:
    """Read the order from a command line; wrong usage ends the process with exit code 2."""
    parser = argparse.ArgumentParser(prog, description="Rebuild days of tables from bronze, where they differ from it.")
    parser.add_argument("--from", dest="first", required=True, type=parse_day, metavar="DAY", help="such as 2024-03-31")
    parser.add_argument("--to", dest="last", type=parse_day, metavar="DAY", help="the last day; left out: the first")
    parser.add_argument(
        "--tables", type=parse_tables, default=",".join(LAYERS), metavar="A,B", help="layers or tables; left out: all"
    )
    parser.add_argument(
        "--dry-run", action=argparse.BooleanOptionalAction, default=False, help="show what differs and change nothing"
    )
    told = parser.parse_args(arguments)
    return build_order(told.first, told.last, told.tables, dry_run=told.dry_run)


def build_order(first: date, last: date | None, tables: tuple[str, ...], *, dry_run: bool) -> Order:
    """The order for days from ``first`` to ``last``, which may be left out.

    Raises:
        TableError: the last day comes before the first.
    """
    days = Days(first, last or first)
    if days.last < days.first:
        msg = f"a rebuild goes from a day to the same or a later one, got {days.first} to {days.last}"
        raise TableError(msg)
    return Order(days, tables, dry_run)


def parse_day(text: str) -> date:
    """Read a day; of a time, its day.

    Raises:
        argparse.ArgumentTypeError: it is none.

    >>> parse_day("2024-03-31T00:00:00+00:00")
    datetime.date(2024, 3, 31)
    """
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        msg = f"{text!r} is no day such as 2024-03-31"
        raise argparse.ArgumentTypeError(msg) from error


def parse_tables(text: str) -> tuple[str, ...]:
    """Read names of layers and tables, separated by commas; a layer stands for its tables.

    Raises:
        argparse.ArgumentTypeError: a name is unknown, or nothing that is made from bronze.

    >>> parse_tables("silver.tweets,silver")
    ('silver.tweets', 'silver.emissions')
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    made = [table.name for table in TABLES.values() if table.schema in LAYERS]
    unknown = [name for name in names if name not in (*LAYERS, *made)]
    if unknown or not names:
        got = ", ".join(unknown) or "nothing"
        msg = f"what can be rebuilt is {', '.join(LAYERS)}, or a table of them such as {made[0]}; got {got}"
        raise argparse.ArgumentTypeError(msg)
    return tuple(table for table in made if table in names or TABLES[table].schema in names)


def read_or_empty(spark: SparkSession, settings: Settings, name: str, version: int | None = None) -> DataFrame:
    """A table as it stands, or at a version; without rows where it was never created."""
    if not was_created(settings, name):
        return spark.createDataFrame([], declared_type(TABLES[name]))
    return read_table(spark, settings, name, version)


def record(settings: Settings, order: Order, looked_at: Sequence[str], found: Sequence[Difference]) -> None:
    """Append to ``ops.rebuilds`` what a rebuild found and mended; a table that did not differ has one row of zeros."""
    same = [Difference(name, None, 0, 0, 0) for name in looked_at if name not in {d.table for d in found}]
    run = {
        "run_id": uuid.uuid4().hex,
        "rebuilt_at": datetime.now(UTC),
        "first_day": order.days.first,
        "last_day": order.days.last,
    }
    append_rows(settings, RECORD, [run | asdict(difference) for difference in (*found, *same)])


def differences_report(order: Order, looked_at: Sequence[str], found: Sequence[Difference]) -> Group:
    """What was found, for the terminal and the task's log: a sentence, and a table where there is something to tell."""
    days = str(order.days.first) + (f" to {order.days.last}" if order.days.last > order.days.first else "")
    done = "this would be rebuilt" if order.dry_run else "this differed and was rebuilt"
    verdict = f"{done}:" if found else "nothing differs from what bronze gives"
    sentence = Text(f"rebuild of {days}, {len(looked_at)} tables: {verdict}", no_wrap=True, overflow="ignore")
    if not found:
        return Group(sentence)
    table = TextTable("table", "day")
    for name in ("missing", "extra", "different"):
        table.add_column(name, justify="right")
    for d in found:
        table.add_row(d.table, str(d.day or ""), f"{d.missing:,}", f"{d.extra:,}", f"{d.different:,}")
    return Group(sentence, table)
