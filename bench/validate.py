"""Validation: bronze and silver of many emission rows, asked as `validate_silver` does and one expectation at a time.

Run as a module it is one of the processes: ``python -m bench.validate generate|suites|singly ROWS``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.meter import Meter
from bench.result import Figure
from tideline.airflow_home import submitted_conf
from tideline.creation import create_tables
from tideline.errors import ServiceError, ValidationError
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.session import build_session
from tideline.settings import Settings, load_settings
from tideline.tables import read_table

SOURCE = "emissions"
WAYS = {"suites": "", "singly": ", one at a time", "start": ", no expectation"}
"""What is measured: the last is what the others do before they ask: JVM, session, imports, the first query."""

Verdicts = dict[str, bool]
"""By table, expectation and column: whether it holds."""


def measure(settings: Settings, rows: int) -> list[Figure]:
    """Generate the tables, validate them both ways in processes of their own, and compare verdicts and CPU time.

    Raises:
        ValidationError: the two ways disagree about an expectation.
    """
    lake = replace(settings, home=settings.home / "validate", warehouse="", checkpoints="", driver_memory="1500m")
    subprocess.run(_command("generate", rows), env=lake.environment(), check=True)
    found = {way: _run(lake, way, rows) for way in WAYS}
    one, other = (found[way]["verdicts"] for way in ("suites", "singly"))
    if differ := [name for name in one | other if one.get(name) != other.get(name)]:
        msg = f"asked in suites and one at a time, these expectations get different verdicts: {', '.join(differ)}"
        raise ValidationError(msg)
    cpu = {way: found[way]["cpu"] for way in WAYS}
    figures = [Figure("validation", "expectations, verdicts equal", len(one), "")]
    for way, name in WAYS.items():
        figures.append(Figure("validation", f"CPU{name}", cpu[way], "CPU-s"))
        figures.append(Figure("validation", f"time{name}", found[way]["seconds"], "s"))
        figures.append(Figure("validation", f"jobs{name}", found[way]["jobs"], "Spark jobs"))
    asking = (cpu["singly"] - cpu["start"]) / (cpu["suites"] - cpu["start"])
    figures.append(Figure("validation", "CPU, ratio of whole processes", cpu["singly"] / cpu["suites"], "times"))
    figures.append(Figure("validation", "CPU, ratio without the start", asking, "times"))
    return figures


def _command(way: str, rows: int) -> list[str]:
    return [sys.executable, "-m", "bench.validate", way, str(rows)]


def _run(lake: Settings, way: str, rows: int) -> dict[str, Any]:
    log = lake.home / f"{way}.log"
    with log.open("w") as said:
        command = _command(way, rows)
        process = subprocess.Popen(command, env=lake.environment(), stdout=subprocess.PIPE, stderr=said, text=True)
        with Meter([process.pid]) as meter:
            answer, _ = process.communicate()
    if process.returncode:
        msg = f"{' '.join(command)} failed: {log.read_text()[-1000:]}"
        raise ServiceError(msg)
    found: dict[str, Any] = json.loads(answer)
    return found | {"cpu": meter.cost.cpu_seconds, "seconds": meter.cost.seconds}


def generate(spark: SparkSession, lake: Settings, rows: int, odd: Mapping[str, Column] | None = None) -> None:
    """Write bronze with raw payloads, one row of 50 in quarantine and one of 100 a resend, and silver from it.

    Args:
        spark: writes the tables.
        lake: where they come to lie.
        rows: of bronze.
        odd: columns that hold something else than usual, from the row's number ``id``.
    """
    from batch.clean import clean

    number, table = F.col("id"), TABLES[f"bronze.{SOURCE}"]
    event = F.when(number % 100 == 0, number + 1).otherwise(number)
    part = (F.hash(event) % 1000 + 1000).cast("decimal(18,6)")
    given = {
        "topic": F.lit(SOURCE),
        "partition": (event % 2).cast("int"),
        "offset": number,
        "kafka_timestamp": F.timestamp_seconds(F.lit(time.time()) - rows / 1000 + number / 1000),
        "event_id": F.concat(F.lit("run:"), event.cast("string")),
        "date": F.date_add(F.lit("2024-03-01"), (event % 60).cast("int")),
        "domain": F.concat(F.lit("site-"), (event % 500).cast("string"), F.lit(".example")),
        "format": F.element_at(F.array(*map(F.lit, ("video", "banner", "native"))), (event % 3 + 1).cast("int")),
        "country": F.element_at(F.array(*map(F.lit, ("FR", "DE", "US", "GB"))), (event % 4 + 1).cast("int")),
        "ad_size": F.lit("300x250"),
        "device": F.when(event % 200 != 1, F.lit("phone")),
        "adSelectionEmissions": part,
        "creativeDistributionEmissions": part,
        "mediaDistributionEmissions": part,
        "totalEmissions": part * 3,
        "domainCoverage": F.when(event % 3 == 0, F.lit("measured")).otherwise(F.lit("modeled")),
        "reasons": F.when(event % 50 == 7, F.array(F.lit("date is missing"))).otherwise(F.array()),
        "rule_version": F.lit(1),
        "key": F.encode(number.cast("string"), "utf-8"),
        "value": F.encode(F.concat(F.lit("{"), *[F.sha2((number + n).cast("string"), 256) for n in range(4)]), "utf-8"),
        "headers": F.array(F.struct(F.lit("event-id").alias("key"), F.encode(F.lit("x"), "utf-8").alias("value"))),
    }
    given |= odd or {}
    create_tables(lake, table.name)
    columns = [given[column.name].cast(column.type).alias(column.name) for column in table.columns]
    frame = spark.range(0, rows, 1, 4).select(*columns)
    frame.write.format("delta").mode("append").save(table_path(lake, table.name))
    clean(spark, lake)
    # It is made for every source; there is nothing in it to validate.
    shutil.rmtree(table_path(lake, "silver.tweets"))


def in_suites(spark: SparkSession, lake: Settings) -> Verdicts:
    """As the step `validate_silver` does, its records and its pages included."""
    from batch.validate import validate_layers

    outcomes = validate_layers(lambda: spark, lake, "validate_silver").outcomes
    return {f"{o.table} {o.expectation} {o.column}": o.success for o in outcomes}


def singly(spark: SparkSession, lake: Settings) -> Verdicts:
    """Each expectation by itself, as Great Expectations' documentation shows it; the figures are those of the step."""
    import great_expectations as gx

    from batch import checks
    from batch.figures import collect_silver
    from expectations.runner import to_outcome

    figures = collect_silver(lambda: spark, lake, SOURCE, datetime.now(UTC))
    wanted = [c for layer in ("bronze", "silver") for c in checks.layer_checks(lambda: spark, lake, layer, [SOURCE])]
    wanted += checks.figure_checks(figures, lake) if figures else []
    context = gx.get_context(mode="ephemeral")
    verdicts = {}
    for number, check in enumerate(wanted):
        sources, name = context.data_sources, f"source-{number}"
        source = sources.add_spark(name) if isinstance(check.frame, DataFrame) else sources.add_pandas(name)
        definition = source.add_dataframe_asset("asset").add_batch_definition_whole_dataframe("whole")
        batch = definition.get_batch({"dataframe": check.frame})
        for expectation in check.suite.expectations:
            outcome = to_outcome(check.suite, batch.validate(expectation))
            verdicts[f"{outcome.table} {outcome.expectation} {outcome.column}"] = outcome.success
    return verdicts


def nothing(spark: SparkSession, lake: Settings) -> Verdicts:
    """No expectation: only what comes before the first, and one row of each table."""
    import expectations.runner  # noqa: F401

    for name in (f"bronze.{SOURCE}", f"silver.{SOURCE}"):
        read_table(spark, lake, name).limit(1).count()
    return {}


def main() -> None:
    """Generate, or ask one way; one line of JSON says what came of it."""
    way, rows = sys.argv[1], int(sys.argv[2])
    lake = load_settings()
    # As the DAG runs the step.
    spark = build_session(lake, f"tideline-bench-validate-{way}", submitted_conf(lake))
    if way == "generate":
        generate(spark, lake, rows)
        return
    ask: Callable[[SparkSession, Settings], Verdicts] = {"suites": in_suites, "singly": singly, "start": nothing}[way]
    verdicts = ask(spark, lake)
    jobs = len(spark.sparkContext.statusTracker().getJobIdsForGroup(None))
    sys.stdout.write(json.dumps({"verdicts": verdicts, "jobs": jobs}) + "\n")


if __name__ == "__main__":
    main()
