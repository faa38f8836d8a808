"""The job ``validate``: asks the expectations of the layers, records every outcome, and fails on a critical one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

from pyspark.sql import SparkSession

from batch.figures import Figures, collect_gold, collect_silver
from tideline.errors import TableError, ValidationError
from tideline.lake import was_created
from tideline.rows import append_rows
from tideline.settings import Settings
from tideline.sources import SOURCES

if TYPE_CHECKING:
    from batch.checks import Asked
    from expectations.runner import Outcome

LAYERS: Final[dict[str, tuple[str, ...]]] = {
    "validate": ("landing", "bronze", "silver", "gold"),
    "validate_landing": ("landing",),
    "validate_silver": ("bronze", "silver"),
    "validate_gold": ("gold",),
}
"""The layers that each validating step looks at."""

VALIDATIONS = "ops.validations"


@dataclass(frozen=True)
class Validated:
    """The outcomes of one run, and where Data Docs show them."""

    run_id: str
    outcomes: list[Outcome]
    docs: str


def validate_layers(session: Callable[[], SparkSession], settings: Settings, step: str) -> Validated:
    """Validate the layers of a step, append the outcomes to ``ops.validations``, and show them in Data Docs.

    Nothing is raised for what does not hold: see ``raise_if_fatal``.

    Args:
        session: asked for when a table is not small; all else is read without Spark.
        settings: where everything lies, and from which shares and times on there is a warning.
        step: a key of ``LAYERS``.

    Raises:
        TableError: a layer has no table.
        StoreError: the store refuses or does not answer.
    """
    run_id, began, session = uuid.uuid4().hex, datetime.now(UTC), cache(session)
    sources = {layer: _sources(settings, layer) for layer in LAYERS[step]}
    figures = _figures(session, settings, sources, began)
    # Only here: its import takes seconds, in which the figures are computed.
    from batch import checks
    from batch.docs import publish_docs

    of_layers = [c for layer, names in sources.items() for c in checks.layer_checks(session, settings, layer, names)]
    asked = checks.ask([*of_layers, *(check for f in figures for check in checks.figure_checks(f, settings))])
    append_rows(settings, VALIDATIONS, [row for one in asked for row in _rows(run_id, began, one)])
    docs = publish_docs(settings, checks.to_run(f"{step}-{run_id[:8]}", began, asked))
    return Validated(run_id, [outcome for one in asked for outcome in one.answer.outcomes], docs)


def raise_if_fatal(validated: Validated) -> None:
    """Say which critical expectations do not hold.

    Raises:
        ValidationError: one sentence that names table, expectation and what was observed of each.
    """
    fatal = [outcome for outcome in validated.outcomes if outcome.is_fatal]
    if not fatal:
        return
    failures = "; ".join(f"{o.table} fails {o.expectation} of {o.column or 'the table'}: {o.observed}" for o in fatal)
    msg = (
        f"{failures}; all outcomes are in {VALIDATIONS}, run_id {validated.run_id}, and in {validated.docs}; "
        "mend what was validated and run again"
    )
    raise ValidationError(msg)


def _sources(settings: Settings, layer: str) -> Sequence[str]:
    """What there is of a layer; nobody must have landed files, and gold has all its marts or none."""
    if layer in {"landing", "gold"}:
        return SOURCES
    present = [source for source in SOURCES if was_created(settings, f"{layer}.{source}")]
    if not present:
        msg = f"there is no table of layer {layer} under {settings.warehouse}/{layer}; nothing can be validated"
        raise TableError(msg)
    return present


def _figures(
    session: Callable[[], SparkSession], settings: Settings, sources: Mapping[str, Sequence[str]], now: datetime
) -> list[Figures]:
    of_silver = [collect_silver(session, settings, source, now) for source in sources.get("silver", [])]
    of_gold = [collect_gold(settings)] if "gold" in sources else []
    return [figures for figures in of_silver if figures is not None] + of_gold


def _rows(run_id: str, began: datetime, asked: Asked) -> list[dict[str, object]]:
    """The rows of one suite in ``ops.validations``: the fields of an outcome are columns of it."""
    about = {"run_id": run_id, "validated_at": began, "table_version": asked.check.version}
    return [about | asdict(outcome) for outcome in asked.answer.outcomes]
