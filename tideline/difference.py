"""What stands in a table against what it should hold: rows missing, extra and different, per day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tideline.schemas import Table

DAY_COLUMNS: Final = ("date", "event_time", "window_start", "period_hour")
"""Of these columns a table has one or none: its day."""


@dataclass(frozen=True)
class Days:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def predicate(self, table: Table) -> str:
        """The SQL condition that a row of the table is of these days; by it, Delta can tell which files it needs.

        >>> from tideline.schemas import TABLES
        >>> Days(date(2024, 3, 1), date(2024, 3, 2)).predicate(TABLES["silver.emissions"])
        "`date` >= DATE'2024-03-01' AND `date` < DATE'2024-03-03'"
        """
        column = next(c for c in table.columns if c.name in DAY_COLUMNS)
        first, end = (f"{column.type.upper()}'{day}'" for day in (self.first, self.last + timedelta(days=1)))
        return f"`{column.name}` >= {first} AND `{column.name}` < {end}"

    def hold(self, day: date | None) -> bool:
        """Whether a day is one of them; so is what has no day."""
        return day is None or self.first <= day <= self.last


@dataclass(frozen=True)
class Difference:
    """How the rows of one day differ; the day is null in tables that have none.

    Attributes:
        missing: rows that should be there.
        extra: rows that should not, such as the second of two.
        different: rows that are there under their key, with other values.
    """

    table: str
    day: date | None
    missing: int
    extra: int
    different: int


def day_of(table: Table) -> Column:
    """The day of a row of the table; null in tables without one."""
    name = next((name for name in table.column_names if name in DAY_COLUMNS), None)
    return (F.col(name) if name else F.lit(None)).cast("date")


def compare(expected: DataFrame, stored: DataFrame, table: Table) -> list[Difference]:
    """Compare rows as multisets, in one Spark job.

    A row that moved to another day counts on the day where it should be.

    Args:
        expected: what the table should hold.
        stored: what it holds.
        table: its columns and key; without a key a row is its own.

    Returns:
        The days that differ, in order.
    """
    columns, key = table.column_names, table.key or tuple(table.column_names)
    sides = [
        frame.select(*columns, F.lit(wanted).alias("_expected"), F.lit(1 - wanted).alias("_stored"))
        for frame, wanted in ((expected, 1), (stored, 0))
    ]
    rows = sides[0].unionByName(sides[1]).groupBy(*columns)
    counted = rows.agg(F.sum("_expected").alias("_expected"), F.sum("_stored").alias("_stored"))
    keys = counted.withColumn("_day", day_of(table)).groupBy(*key)
    judged = keys.agg(
        F.coalesce(F.min(F.when(F.col("_expected") > 0, F.col("_day"))), F.min("_day")).alias("_day"),
        F.sum(F.least("_expected", "_stored")).alias("_equal"),
        F.sum("_expected").alias("_expected"),
        F.sum("_stored").alias("_stored"),
    )
    both = F.least("_expected", "_stored")
    figures = {
        "missing": F.col("_expected") - both,
        "extra": F.col("_stored") - both,
        "different": both - F.col("_equal"),
    }
    days = judged.groupBy("_day").agg(*(F.sum(figure).alias(name) for name, figure in figures.items()))
    found = days.where("missing + extra + different > 0").orderBy("_day").collect()
    return [Difference(table.name, r["_day"], r["missing"], r["extra"], r["different"]) for r in found]
