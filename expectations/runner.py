"""Asks a suite's expectations of a frame, with few Spark jobs: a plain yes or no first, details of what fails after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.batch import Batch
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine import pandas_execution_engine
from great_expectations.expectations.expectation import Expectation
from pyspark.sql import DataFrame

from expectations.suite import CRITICAL, Suite, columns_of
from expectations.unique import count_by_grouping

EXAMPLES = 5
"""How many offending values are shown."""

# GX would hash every frame below this size, for a fingerprint that nobody looks at: of objects, which are pickled for
# it, that took three times as long as all expectations.
pandas_execution_engine.HASH_THRESHOLD = 0

_DETAILS = ("observed_value", "element_count", "missing_count", "unexpected_count")


@dataclass(frozen=True)
class Outcome:
    """Whether one expectation holds; ``observed`` is JSON, and None when it does."""

    suite: str
    table: str
    expectation: str
    column: str
    severity: str
    success: bool
    observed: str | None

    @property
    def is_fatal(self) -> bool:
        """Whether it must stop what follows."""
        return not self.success and self.severity == CRITICAL


@dataclass(frozen=True)
class Answer:
    """What came of one suite: an outcome per expectation, and the results as Great Expectations gave them."""

    outcomes: list[Outcome]
    results: list[ExpectationValidationResult]


def validate(frame: DataFrame | pd.DataFrame, suite: Suite) -> Answer:
    """Ask all expectations of the suite; an expectation that cannot be evaluated does not hold."""
    count_by_grouping()
    batch = _batch(frame, suite)
    first = _ask(batch, suite.expectations, "BOOLEAN_ONLY")
    failed = tuple(e for e, result in zip(suite.expectations, first, strict=True) if not result.success)
    details = iter(_ask(batch, failed, "BASIC") if failed else [])
    results = [result if result.success else next(details) for result in first]
    return Answer([to_outcome(suite, result) for result in results], results)


def quiet_context() -> EphemeralDataContext:
    """A context that keeps all in memory, draws no progress bar, and tells nobody that it was used."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _batch(frame: DataFrame | pd.DataFrame, suite: Suite) -> Batch:
    sources = quiet_context().data_sources
    # GX would cache the frame, raw payloads and all; the few queries read only the columns they need.
    source = sources.add_pandas("lake") if isinstance(frame, pd.DataFrame) else sources.add_spark("lake", persist=False)
    definition = source.add_dataframe_asset(suite.table).add_batch_definition_whole_dataframe("whole")
    return definition.get_batch({"dataframe": frame})


def _ask(batch: Batch, expectations: tuple[Expectation, ...], form: str) -> list[ExpectationValidationResult]:
    """One result per expectation, in their order: GX answers in an order of its own."""
    numbered = [e.copy(update={"meta": {"number": n}}) for n, e in enumerate(expectations)]
    results = batch.validate(gx.ExpectationSuite("suite", expectations=numbered), result_format=form).results
    return sorted(results, key=lambda result: result.expectation_config.meta["number"])


def to_outcome(suite: Suite, result: ExpectationValidationResult) -> Outcome:
    """What a result says, as a row for the records."""
    config = result.expectation_config
    return Outcome(
        suite=suite.name,
        table=suite.table,
        expectation=config.type,
        column=", ".join(columns_of(config)),
        severity=config.severity.value,
        success=bool(result.success),
        observed=None if result.success else json.dumps(_observed(result), default=str),
    )


def _observed(result: ExpectationValidationResult) -> dict[str, Any]:
    observed = {key: result.result[key] for key in _DETAILS if result.result.get(key) is not None}
    examples = result.result.get("partial_unexpected_list")
    if examples:
        observed["examples"] = examples[:EXAMPLES]
    if not observed:
        observed["exception"] = _exception(result)
    return observed


def _exception(result: ExpectationValidationResult) -> str:
    """Why the expectation could not be evaluated; GX nests it by metric, or not."""
    info = result.exception_info
    nested = [info] if "exception_message" in info else list(info.values())
    return "; ".join(str(one["exception_message"]) for one in nested)
