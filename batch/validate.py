"""The job ``validate``: asks the expectations of the layers, records every outcome, and fails on a critical one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pyspark.sql import SparkSession

from batch.conflicts import retry_conflicts
from batch.figures import Figures, collect_gold, collect_silver
from tideline.errors import TableError, ValidationError
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.sources import SOURCES
from tideline.tables import create_tables, exists

if TYPE_CHECKING:
    from expectations.runner import Outcome

LAYERS: Final[dict[str, tuple[str, ...]]] = {
    "validate": ("bronze", "silver", "gold"),
    "validate_silver": ("bronze", "silver"),
    "validate_gold": ("gold",),
}
"""The layers that each validating step looks at."""

VALIDATIONS = "ops.validations"


@dataclass(frozen=True)
class Validated:
    """The outcomes of one run."""

    run_id: str
    outcomes: list[Outcome]


def validate_layers(spark: SparkSession, settings: Settings, layers: Sequence[str]) -> Validated:
    """Validate the named layers and append the outcomes to ``ops.validations``; see also ``raise_if_fatal``.

    Raises:
        TableError: a layer has no table.
    """
    run_id, began = uuid.uuid4().hex, datetime.now(UTC)
    sources = {layer: _present(spark, settings, layer) for layer in layers if layer != "gold"}
    figures = _figures(spark, settings, layers, sources.get("silver", []))
    # Only here: its import takes seconds, in which Spark has started and computed the figures.
    from batch import checks

    asked = [c for layer in layers for c in checks.table_checks(spark, settings, layer, sources.get(layer, []))]
    answers = checks.ask([*asked, *(check for f in figures for check in checks.figure_checks(f))])
    rows = [
        (run_id, began, o.suite, o.table, version, o.expectation, o.column, o.severity, o.success, o.observed)
        for version, o in answers
    ]
    _record(spark, settings, rows)
    return Validated(run_id, [outcome for _, outcome in answers])


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


def _present(spark: SparkSession, settings: Settings, layer: str) -> list[str]:
    present = [source for source in SOURCES if exists(spark, settings, f"{layer}.{source}")]
    if not present:
        msg = f"there is no table of layer {layer} under {settings.warehouse}/{layer}; nothing can be validated"
        raise TableError(msg)
    return present


def _figures(
    spark: SparkSession, settings: Settings, layers: Sequence[str], silver_sources: Sequence[str]
) -> list[Figures]:
    of_silver = [collect_silver(spark, settings, source) for source in silver_sources]
    of_gold = [collect_gold(spark, settings)] if "gold" in layers else []
    return [figures for figures in of_silver if figures is not None] + of_gold


@retry_conflicts
def _record(spark: SparkSession, settings: Settings, rows: Sequence[tuple[object, ...]]) -> None:
    create_tables(spark, settings, VALIDATIONS)
    frame = spark.createDataFrame(rows, TABLES[VALIDATIONS].ddl).coalesce(1)
    frame.write.format("delta").mode("append").save(table_path(settings, VALIDATIONS))
