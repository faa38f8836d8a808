"""``python -m batch STEP …``: batch steps as one Spark application; spark-submit runs this file itself.

Spark is imported and started by the first step that needs it.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if not __package__:
    # spark-submit runs the file, not the package: its folder's modules must not be found without their package.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rich.console import Console

from batch.report import outcomes_table, results_table
from tideline.errors import SkippedError, TidelineError
from tideline.s3 import ensure_buckets
from tideline.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tideline.rebuild import Order

STEPS = {
    "audit": "prove that bronze holds each of Kafka's records once",
    "clean": "bring silver to bronze's newest version",
    "gold": "compute all marts from silver",
    "validate": "validate all layers, and that they agree",
    "validate_landing": "validate the landed files, reading every byte of them",
    "validate_silver": "validate bronze and silver, and that they agree",
    "validate_gold": "validate gold, and that it agrees with silver",
    "reconcile": "compare the live counts with gold, and explain where they differ",
    "publish": "load gold into PostgreSQL; skipped when TIDELINE_POSTGRES_URL is not set",
    "compact": "rewrite small files where they have piled up",
    "trim": "delete what ops tables have kept long enough",
    "vacuum": "delete files that no table has needed for the retention",
    "clean_logs": "delete old commits of bronze and live tables that nobody has to read any more",
}

WITHOUT_SPARK = ("audit", "reconcile", "publish", "trim", "vacuum", "clean_logs")
"""Steps for which no JVM has to start."""

REBUILD = "and by itself, with options of its own: python -m batch rebuild --help"

SKIPPED = 99
"""The exit code of a step for which something was not set: Airflow shows such a task as skipped."""

WIDTH = 110
"""Of the tables in a log, where there is no terminal to ask."""


def main(arguments: list[str] | None = None) -> int:
    """Run the steps in the order given.

    Returns:
        The exit code: 1 when a step cannot, or finds what must not be; ``SKIPPED`` when there was nothing to do for it.
    """
    given = sys.argv[1:] if arguments is None else arguments
    order = _rebuild_order(given)
    steps = ["rebuild"] if order else _parser().parse_args(given).steps
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    out = Console(width=None if sys.stdout.isatty() else WIDTH)
    if any(step.startswith("validate") for step in steps):
        # Great Expectations takes seconds to import: meanwhile the JVM starts.
        Thread(target=_import_checks, daemon=True).start()
    try:
        settings = load_settings()
        session = partial(_session, settings, f"tideline {' '.join(steps)}")
        if order:
            _rebuild(session(), settings, order, out)
            return 0
        for step in steps:
            run_step(session, settings, step, out)
    except SkippedError as reason:
        Console(stderr=True, soft_wrap=True).print(f"skipped: {reason}", markup=False, highlight=False)
        return SKIPPED
    except TidelineError as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", style="red", markup=False, highlight=False)
        return 1
    return 0


def run_step(session: Callable[[], SparkSession], settings: Settings, step: str, out: Console) -> None:
    """Run one step and say what it did; ``session`` is asked for by the steps that need Spark."""
    if step.startswith("validate"):
        _validate(session, settings, step, out)
        return
    job = getattr(import_module(f"batch.{step}"), step)
    if step in WITHOUT_SPARK:
        ensure_buckets(settings)
        out.print(results_table(step, job(settings)))
    else:
        out.print(results_table(step, job(session(), settings)))


def _import_checks() -> None:
    """Import what validates while the garbage collector rests: a fifth of the time it would look at what just came."""
    gc.disable()
    import_module("batch.checks")
    gc.enable()


def _session(settings: Settings, app: str) -> SparkSession:
    from tideline.session import job_session

    return job_session(settings, app)


def _rebuild_order(given: list[str]) -> Order | None:
    """What `rebuild` was asked for; None when it was not."""
    if given[:1] != ["rebuild"]:
        return None
    from tideline.rebuild import parse_order

    return parse_order("python -m batch rebuild", given[1:])


def _rebuild(spark: SparkSession, settings: Settings, order: Order, out: Console) -> None:
    from batch.rebuild import rebuild
    from tideline.rebuild import differences_report, record

    found = rebuild(spark, settings, order)
    looked_at = [*order.tables_of("silver"), *order.tables_of("gold")]
    out.print(differences_report(order, looked_at, found))
    if not order.dry_run:
        record(settings, order, looked_at, found)


def _validate(session: Callable[[], SparkSession], settings: Settings, step: str, out: Console) -> None:
    from batch.validate import raise_if_fatal, validate_layers

    validated = validate_layers(session, settings, step)
    out.print(outcomes_table(f"{step}, run {validated.run_id}", validated.outcomes))
    out.print(f"Data Docs: {validated.docs}", soft_wrap=True, markup=False, highlight=False)
    raise_if_fatal(validated)


def _parser() -> argparse.ArgumentParser:
    steps = "\n".join(f"  {name:16} {what}" for name, what in STEPS.items())
    parser = argparse.ArgumentParser(
        "python -m batch",
        description="Run batch steps, in the order given, as one Spark application; each is safe to run twice.",
        epilog=f"steps:\n{steps}\n\nexample: python -m batch clean gold validate\n\n{REBUILD}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("steps", nargs="+", choices=list(STEPS), metavar="STEP")
    return parser


if __name__ == "__main__":
    sys.exit(main())
