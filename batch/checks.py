"""Asks the suites of tables and of figures; the one module of ``batch`` that needs Great Expectations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from batch.figures import Figures
from batch.landed import read_landed
from batch.small import is_small, read_small
from expectations.accounting import bronze_accounting, gold_accounting, silver_accounting
from expectations.bronze import bronze_suite
from expectations.docs import Run, to_result
from expectations.gold import gold_suites
from expectations.landing import landing_suite
from expectations.runner import Answer, validate
from expectations.silver import silver_suite
from expectations.suite import Suite
from tideline.lake import open_log
from tideline.settings import Settings
from tideline.tables import read_table

PARALLEL_SUITES = 4
"""Suites are many short queries and much planning in one thread each."""


@dataclass(frozen=True)
class Check:
    """A suite, the frame that it is asked of, and the version of the table that the frame shows; files have none."""

    suite: Suite
    frame: DataFrame | pd.DataFrame
    version: int | None


@dataclass(frozen=True)
class Asked:
    """A check with what came of it."""

    check: Check
    answer: Answer


def layer_checks(
    session: Callable[[], SparkSession], settings: Settings, layer: str, sources: Sequence[str]
) -> list[Check]:
    """The suites of a layer, asked of its tables as they stand, or of all landed files of each source.

    Small tables are asked without Spark.
    """
    if layer == "landing":
        return [Check(landing_suite(source), read_landed(settings, source), None) for source in sources]
    of_sources = {"bronze": bronze_suite, "silver": silver_suite}
    suites = gold_suites() if layer == "gold" else [of_sources[layer](source) for source in sources]
    return [_check(session, settings, suite) for suite in suites]


def figure_checks(figures: Figures, limits: Settings) -> list[Check]:
    """The suites that compare these figures; the shares and times from which on they warn are in the settings."""
    if figures.of == "gold":
        suites = gold_accounting()
    else:
        suites = [bronze_accounting(figures.of, limits), silver_accounting(figures.of, limits)]
    return [_figure_check(figures, suite) for suite in suites]


def ask(checks: Sequence[Check]) -> list[Asked]:
    """Ask every suite."""
    with ThreadPoolExecutor(PARALLEL_SUITES) as pool:
        answers = pool.map(lambda check: validate(check.frame, check.suite), checks)
        return [Asked(check, answer) for check, answer in zip(checks, answers, strict=True)]


def to_run(name: str, began: datetime, asked: Sequence[Asked]) -> Run:
    """What came of all suites, as Data Docs show it."""
    return Run(name, began, [to_result(one.check.suite, one.check.version, one.answer) for one in asked])


def _figure_check(figures: Figures, suite: Suite) -> Check:
    # As objects: Decimals stay exact.
    row = pd.DataFrame([figures.row(suite.table)], dtype=object)
    return Check(suite, row, figures.versions[suite.table])


def _check(session: Callable[[], SparkSession], settings: Settings, suite: Suite) -> Check:
    table = open_log(settings, suite.table)
    version = int(table.version())
    if is_small(table):
        return Check(suite, read_small(table, suite.columns), version)
    return Check(suite, read_table(session(), settings, suite.table, version), version)
