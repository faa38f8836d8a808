"""The job ``validate``: asks the expectations of the layers, records every outcome, and fails on a critical one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from batch.accounting import collect_figures, gold_figures, silver_figures
from batch.clean import SOURCES
from batch.conflicts import retry_conflicts
from batch.gold import MARTS, SILVER
from batch.log import newest_version, processed_states
from expectations.accounting import bronze_accounting, gold_accounting, silver_accounting
from expectations.bronze import bronze_suite
from expectations.gold import gold_suites
from expectations.runner import Outcome, validate
from expectations.silver import silver_suite
from expectations.suite import Suite
from tideline.errors import TableError, ValidationError
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.tables import create_tables, exists, read_table, table_path

LAYERS = {
    "validate": ("bronze", "silver", "gold"),
    "validate_silver": ("bronze", "silver"),
    "validate_gold": ("gold",),
}
"""The layers that each validating step looks at."""

VALIDATIONS = "ops.validations"

PARALLEL_SUITES = 4
"""Suites are many short queries and much planning in one thread each."""


@dataclass(frozen=True)
class Check:
    """A suite, the frame that it is asked of, and the version of the table that the frame shows."""

    suite: Suite
    frame: DataFrame | pd.DataFrame
    version: int


@dataclass(frozen=True)
class Validated:
    """The outcomes of one run."""

    run_id: str
    outcomes: list[Outcome]


def validate_layers(spark: SparkSession, settings: Settings, layers: Iterable[str]) -> Validated:
    """Validate the named layers and append the outcomes to ``ops.validations``; see also ``raise_if_fatal``.

    Raises:
        TableError: a layer has no table.
    """
    run_id, began = uuid.uuid4().hex, datetime.now(UTC)
    checks = [check for layer in layers for check in _checks(spark, settings, layer)]
    with ThreadPoolExecutor(PARALLEL_SUITES) as pool:
        outcomes = list(pool.map(lambda check: validate(check.frame, check.suite), checks))
    rows = [
        (run_id, began, o.suite, o.table, check.version, o.expectation, o.column, o.severity, o.success, o.observed)
        for check, answers in zip(checks, outcomes, strict=True)
        for o in answers
    ]
    _record(spark, settings, rows)
    return Validated(run_id, [outcome for answers in outcomes for outcome in answers])


def raise_if_fatal(validated: Validated) -> None:
    """Say which critical expectations do not hold.

    Raises:
        ValidationError: one sentence that names table, expectation and what was observed of each.
    """
    fatal = [outcome for outcome in validated.outcomes if outcome.is_fatal]
    if not fatal:
        return
    failures = "; ".join(f"{o.table} fails {o.expectation} of {o.column or 'the table'}: {o.observed}" for o in fatal)
    msg = f"{failures}; all outcomes are in {VALIDATIONS}, run_id {validated.run_id}; mend the table and run again"
    raise ValidationError(msg)


def _checks(spark: SparkSession, settings: Settings, layer: str) -> list[Check]:
    if layer == "gold":
        return _gold_checks(spark, settings)
    present = [source for source in SOURCES if exists(spark, settings, f"{layer}.{source}")]
    if not present:
        msg = f"there is no table of layer {layer} under {settings.warehouse}/{layer}; nothing can be validated"
        raise TableError(msg)
    if layer == "bronze":
        return [_check(spark, settings, bronze_suite(source)) for source in present]
    return [check for source in present for check in _silver_checks(spark, settings, source)]


def _check(spark: SparkSession, settings: Settings, suite: Suite) -> Check:
    version = newest_version(table_path(settings, suite.table))
    return Check(suite, read_table(spark, settings, suite.table, version), version)


def _silver_checks(spark: SparkSession, settings: Settings, source: str) -> list[Check]:
    own = _check(spark, settings, silver_suite(source))
    done = next(iter(processed_states(table_path(settings, f"silver.{source}"))), None)
    if done is None:
        return [own]
    bronze = read_table(spark, settings, f"bronze.{source}", done.bronze_version)
    figures = _one_row(silver_figures(bronze, read_table(spark, settings, f"silver.{source}", own.version)))
    return [
        own,
        Check(bronze_accounting(source), figures, done.bronze_version),
        Check(silver_accounting(source), figures, own.version),
    ]


def _gold_checks(spark: SparkSession, settings: Settings) -> list[Check]:
    own = [_check(spark, settings, suite) for suite in gold_suites()]
    versions = {check.suite.table: check.version for check in own}
    tables = {name: read_table(spark, settings, name, versions.get(name)) for name in (*SILVER, *MARTS)}
    figures = _one_row(gold_figures(tables))
    return own + [Check(suite, figures, versions[suite.table]) for suite in gold_accounting()]


def _one_row(figures: list[DataFrame]) -> pd.DataFrame:
    # As objects: Decimals stay exact.
    return pd.DataFrame([collect_figures(figures)], dtype=object)


@retry_conflicts
def _record(spark: SparkSession, settings: Settings, rows: Sequence[tuple[object, ...]]) -> None:
    create_tables(spark, settings, VALIDATIONS)
    frame = spark.createDataFrame(rows, TABLES[VALIDATIONS].ddl).coalesce(1)
    frame.write.format("delta").mode("append").save(table_path(settings, VALIDATIONS))
