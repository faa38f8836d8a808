"""The contenders of validation: ``python -m bench.rivals.tables.validation_ways WAY TABLES FOLDER``.

``generate ROWS TABLES`` makes the tables that all of them look at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bench.rivals.plain_spark import plain_session
from bench.rivals.tables import steps
from bench.rivals.tables.validation_aggregate import aggregate
from bench.validate import SOURCE, Verdicts, generate
from tideline.settings import Settings
from tideline.tables import read_table

TABLES = (f"bronze.{SOURCE}", f"silver.{SOURCE}")


def suites(spark: SparkSession, lake: Settings) -> Verdicts:
    """Our suites of both tables."""
    from batch import checks

    layers = ("bronze", "silver")
    asked = checks.ask([c for layer in layers for c in checks.layer_checks(lambda: spark, lake, layer, [SOURCE])])
    return {f"{o.table} {o.expectation} {o.column}": o.success for one in asked for o in one.answer.outcomes}


def whole_step(spark: SparkSession, lake: Settings) -> Verdicts:
    """All that the step does; the verdicts on figures, which nobody else is asked for, are left out."""
    from batch.validate import validate_layers

    outcomes = validate_layers(lambda: spark, lake, "validate_silver").outcomes
    return {f"{o.table} {o.expectation} {o.column}": o.success for o in outcomes if o.suite != "accounting"}


def great_expectations(spark: SparkSession, lake: Settings) -> Verdicts:
    """Great Expectations as its documentation has it: data frame asset, suite, validation definition, run."""
    import great_expectations as gx

    from expectations.bronze import bronze_suite
    from expectations.runner import to_outcome
    from expectations.silver import silver_suite

    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_spark("lake")
    verdicts: Verdicts = {}
    for own in (bronze_suite(SOURCE), silver_suite(SOURCE)):
        asset = source.add_dataframe_asset(own.table)
        batch = asset.add_batch_definition_whole_dataframe("whole")
        suite = context.suites.add(gx.ExpectationSuite(own.table, expectations=list(own.expectations)))
        definition = gx.ValidationDefinition(data=batch, suite=suite, name=own.table)
        results = definition.run(batch_parameters={"dataframe": read_table(spark, lake, own.table)}).results
        outcomes = [to_outcome(own, result) for result in results]
        verdicts |= {f"{o.table} {o.expectation} {o.column}": o.success for o in outcomes}
    return verdicts


WAYS: dict[str, tuple[Callable[[Settings], SparkSession], Callable[[SparkSession, Settings], Verdicts]]] = {
    "ours": (lambda lake: steps.start(lake, "validate_silver"), suites),
    "step": (lambda lake: steps.start(lake, "validate_silver"), whole_step),
    "gx": (plain_session, great_expectations),
    "gx-tuned": (lambda lake: steps.start(lake, "validate_silver"), great_expectations),
    "aggregate": (lambda lake: steps.start(lake, "validate_silver"), aggregate),
}


def main() -> None:
    """Generate, or ask in one way."""
    way = sys.argv[1]
    if way == "generate":
        lake = steps.lake_in(Path(sys.argv[3]))
        spark = steps.start(lake, "generate")
        generate(spark, lake, int(sys.argv[2]), {"format": F.when(F.col("id") % 10 != 3, F.lit("video"))})
        return
    tables, folder = map(Path, sys.argv[2:])
    for layer in ("bronze", "silver"):
        # Beside them there is room for what the step writes.
        (folder / layer).symlink_to(tables / layer)
    lake = steps.lake_in(folder)
    session, ask = WAYS[way]
    spark = session(lake)
    verdicts = ask(spark, lake)
    (folder / "verdicts.json").write_text(json.dumps(verdicts))
    jobs = len(spark.sparkContext.statusTracker().getJobIdsForGroup(None))
    sys.stdout.write(json.dumps({"rows": len(verdicts), "jobs": jobs}) + "\n")


if __name__ == "__main__":
    main()
