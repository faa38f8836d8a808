"""Asks counts of tables: of DataFusion, in this process, where all are small, else of Spark, which can spill.

The SQL is written once, so it is what both understand: names in backticks, ``filter (where …)``, no division.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from deltalake import DeltaTable as DeltaLog
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from batch.small import is_small
from tideline.lake import open_log, query
from tideline.settings import Settings
from tideline.tables import read_table


@dataclass(frozen=True)
class Question:
    """Counts of a table at a version: SQL of the aggregates, by name."""

    table: str
    version: int
    counts: Mapping[str, str]


def ask(session: Callable[[], SparkSession], settings: Settings, questions: Sequence[Question]) -> dict[str, int]:
    """The answers to all questions, by name; ``session`` is asked for when a table is not small."""
    logs = [open_log(settings, question.table, question.version) for question in questions]
    if not all(map(is_small, logs)):
        return _ask_spark([_answer(session(), settings, question) for question in questions])
    found = [_ask_datafusion(log, question.counts) for log, question in zip(logs, questions, strict=True)]
    return {name: count for counts in found for name, count in counts.items()}


def _ask_datafusion(table: DeltaLog, counts: Mapping[str, str]) -> dict[str, int]:
    columns = ", ".join(f"{sql} as `{name}`" for name, sql in counts.items())
    (row,) = query(table, f"select {columns} from t")  # noqa: S608 - constants of our own
    return row


def _ask_spark(answers: Sequence[DataFrame]) -> dict[str, int]:
    """All in one job."""
    return {row["name"]: row["count"] for row in reduce(DataFrame.unionAll, answers).collect()}


def _answer(spark: SparkSession, settings: Settings, question: Question) -> DataFrame:
    """Columns ``name`` and ``count``: one row for each."""
    table = read_table(spark, settings, question.table, question.version)
    row = table.agg(*(F.expr(sql).alias(name) for name, sql in question.counts.items()))
    return row.unpivot([], [F.col(f"`{name}`") for name in question.counts], "name", "count")
