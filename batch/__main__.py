"""``python -m batch STEP …``: batch steps as one Spark application; spark-submit runs this file itself."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from threading import Thread

if not __package__:
    # spark-submit runs the file, not the package: its folder's modules must not be found without their package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pyspark.sql import SparkSession
from rich.console import Console

from batch.report import outcomes_table, results_table
from tideline.errors import TidelineError
from tideline.s3 import ensure_buckets
from tideline.session import build_session
from tideline.settings import Settings, load_settings

STEPS = {
    "clean": "bring silver to bronze's newest version",
    "gold": "compute all marts from silver",
    "validate": "validate all layers, and that they agree",
    "validate_silver": "validate bronze and silver, and that they agree",
    "validate_gold": "validate gold, and that it agrees with silver",
    "compact": "rewrite small files where they have piled up",
}

SUBMITTED = "PYSPARK_GATEWAY_PORT"
"""The variable by which spark-submit tells Python of the JVM that runs already."""

WIDTH = 110
"""Of the tables in a log, where there is no terminal to ask."""


def main(arguments: list[str] | None = None) -> int:
    """Run the steps in the order given; the exit code is 1 when one of them cannot, or finds what must not be."""
    steps = _parser().parse_args(arguments).steps
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    out = Console(width=None if sys.stdout.isatty() else WIDTH)
    if any(step.startswith("validate") for step in steps):
        # Great Expectations takes seconds to import: meanwhile the JVM starts.
        Thread(target=import_module, args=("batch.checks",), daemon=True).start()
    try:
        settings = load_settings()
        spark = _session(settings, f"tideline {' '.join(steps)}")
        for step in steps:
            run_step(spark, settings, step, out)
    except TidelineError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="red", markup=False, highlight=False)
        return 1
    return 0


def run_step(spark: SparkSession, settings: Settings, step: str, out: Console) -> None:
    """Run one step and say what it did."""
    if step.startswith("validate"):
        _validate(spark, settings, step, out)
        return
    module = import_module(f"batch.{step}")
    out.print(results_table(step, getattr(module, step)(spark, settings)))


def _session(settings: Settings, app: str) -> SparkSession:
    if SUBMITTED in os.environ:
        ensure_buckets(settings)
        # spark-submit was given the configuration and the master: what the caller decided stands.
        return SparkSession.builder.getOrCreate()
    return build_session(settings, app)


def _validate(spark: SparkSession, settings: Settings, step: str, out: Console) -> None:
    from batch.validate import LAYERS, raise_if_fatal, validate_layers

    validated = validate_layers(spark, settings, LAYERS[step])
    out.print(outcomes_table(f"{step}, run {validated.run_id}", validated.outcomes))
    raise_if_fatal(validated)


def _parser() -> argparse.ArgumentParser:
    steps = "\n".join(f"  {name:16} {what}" for name, what in STEPS.items())
    parser = argparse.ArgumentParser(
        "python -m batch",
        description="Run batch steps, in the order given, as one Spark application; each is safe to run twice.",
        epilog=f"steps:\n{steps}\n\nexample: python -m batch clean gold validate",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("steps", nargs="+", choices=list(STEPS), metavar="STEP")
    return parser


if __name__ == "__main__":
    sys.exit(main())
