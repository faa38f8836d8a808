"""Asks the suites of tables and of figures; the one module of ``batch`` that needs Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from batch.figures import Figures
from batch.log import newest_version
from expectations.accounting import bronze_accounting, gold_accounting, silver_accounting
from expectations.bronze import bronze_suite
from expectations.gold import gold_suites
from expectations.runner import Outcome, validate
from expectations.silver import silver_suite
from expectations.suite import Suite
from tideline.settings import Settings
from tideline.tables import read_table

PARALLEL_SUITES = 4
"""Suites are many short queries and much planning in one thread each."""


@dataclass(frozen=True)
class Check:
    """A suite, the frame that it is asked of, and the version of the table that the frame shows."""

    suite: Suite
    frame: DataFrame | pd.DataFrame
    version: int


def table_checks(spark: SparkSession, settings: Settings, layer: str, sources: Sequence[str]) -> list[Check]:
    """The suites of a layer's tables, asked of the tables as they stand."""
    of_sources = {"bronze": bronze_suite, "silver": silver_suite}
    suites = gold_suites() if layer == "gold" else [of_sources[layer](source) for source in sources]
    return [_check(spark, settings, suite) for suite in suites]


def figure_checks(figures: Figures) -> list[Check]:
    """The suites that compare these figures."""
    if figures.of == "gold":
        suites = gold_accounting()
    else:
        suites = [bronze_accounting(figures.of), silver_accounting(figures.of)]
    # As objects: Decimals stay exact.
    row = pd.DataFrame([figures.values], dtype=object)
    return [Check(suite, row, figures.versions[suite.table]) for suite in suites]


def ask(checks: Sequence[Check]) -> list[tuple[int, Outcome]]:
    """Every outcome of every check, with the version of its table."""
    with ThreadPoolExecutor(PARALLEL_SUITES) as pool:
        answers = pool.map(lambda check: validate(check.frame, check.suite), checks)
        return [(check.version, o) for check, outcomes in zip(checks, answers, strict=True) for o in outcomes]


def _check(spark: SparkSession, settings: Settings, suite: Suite) -> Check:
    version = newest_version(settings, suite.table)
    return Check(suite, read_table(spark, settings, suite.table, version), version)
