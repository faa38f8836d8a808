"""Counts rows with a repeated key by grouping them, where Great Expectations' own way on Spark sorts all of them.

The expectations stay Great Expectations' own, and so does how a failure is shown.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from great_expectations.core.metric_function_types import MetricFunctionTypes
from great_expectations.execution_engine import SparkDFExecutionEngine
from great_expectations.expectations import registry
from great_expectations.expectations.metrics import ColumnValuesUnique, CompoundColumnsUnique
from great_expectations.expectations.metrics.metric_provider import MetricProvider
from pyspark.sql import functions as F


def count_repeated(
    cls: type[MetricProvider],
    execution_engine: SparkDFExecutionEngine,
    metric_domain_kwargs: dict[str, Any],
    metric_value_kwargs: dict[str, Any],
    metrics: dict[str, Any],
    runtime_configuration: dict[str, Any],
) -> int:
    """How many rows have a key that another row has, too: a column, where null is no value, or a list, where it is."""
    rows = execution_engine.get_domain_records(domain_kwargs=metric_domain_kwargs)
    if "column" in metric_domain_kwargs:
        key = [metric_domain_kwargs["column"]]
        rows = rows.where(F.col(key[0]).isNotNull())
    else:
        key = metric_domain_kwargs["column_list"]
    repeated = rows.groupBy(*key).count().where("count > 1")
    return int(repeated.agg(F.coalesce(F.sum("count"), F.lit(0))).collect()[0][0])


@cache
def count_by_grouping() -> None:
    """Have Great Expectations count so from now on, in this process."""
    log = logging.getLogger(registry.__name__)
    # It would warn that a count it knows is counted in another way now, which is the point.
    log.disabled = True
    for known in (ColumnValuesUnique, CompoundColumnsUnique):
        registry.register_metric(
            metric_name=f"{known.condition_metric_name}.unexpected_count",
            metric_domain_keys=known.condition_domain_keys,
            metric_value_keys=known.condition_value_keys,
            execution_engine=SparkDFExecutionEngine,
            # It needs no other metric first.
            metric_class=MetricProvider,
            metric_provider=count_repeated,
            metric_fn_type=MetricFunctionTypes.VALUE,
        )
    log.disabled = False
