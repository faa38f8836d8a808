"""``python -m proofs.driver``: a Spark driver of its own that does one thing to a scratch table and says what it did.

It says ``ready`` and waits for a line before it begins; then words with a number, such as ``acknowledged 3``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

from delta.exceptions import ConcurrentAppendException
from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tideline.conflicts import retry_conflicts
from tideline.errors import TidelineError
from tideline.session import FIRST_COMPILER, build_session, spark_conf
from tideline.settings import Settings, load_settings

RETENTION_SECONDS = 20
"""VACUUM deletes what no version has named for longer: far above what a batch takes, far below the 7 days of a lake."""

ROWS_PER_BATCH = 50
_TABLE_DEFAULTS = "spark.databricks.delta.properties.defaults"


def append(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Append so many rows, each in a commit of its own; one whose outcome is unknown is not sent again."""
    for number in range(arguments.count):
        row = spark.range(number, number + 1, 1, 1).withColumn("writer", F.lit(arguments.name))
        try:
            row.write.format("delta").mode("append").save(arguments.table)
        except (PySparkException, Py4JJavaError) as error:
            _say(f"unknown {number}")
            sys.stderr.write(f"{error}\n")
        else:
            _say(f"acknowledged {number}")


def stream(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Append numbered rows batch by batch until standard input ends; says how many rows the batches had.

    Raises:
        TidelineError: the query died.
    """
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", ROWS_PER_BATCH).load()
    ids = rows.select(F.col("value").alias("id")).coalesce(1).writeStream.format("delta")
    writer = ids.option("checkpointLocation", arguments.checkpoint)
    query = writer.trigger(processingTime=f"{arguments.trigger_ms} milliseconds").start(arguments.table)
    while query.lastProgress is None and query.isActive:
        time.sleep(0.05)
    _say("streaming")
    sys.stdin.readline()
    failure = query.exception()
    if failure is not None:
        msg = f"the stream died: {failure}"
        raise TidelineError(msg)
    query.stop()
    # The stop may have come in the middle of a batch, which the next start finishes.
    last = writer.trigger(availableNow=True).start(arguments.table)
    last.awaitTermination()
    progress = last.lastProgress or query.lastProgress
    if last.exception() is not None or progress is None:
        msg = f"the stream died: {last.exception()}"
        raise TidelineError(msg)
    _say(f"rows {json.loads(progress['sources'][0]['endOffset'])['offset']}")


def maintain(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """OPTIMIZE and VACUUM in turn, so many times; says how many files the last VACUUM found to delete."""
    # VACUUM lists even one folder in so many tasks; the default is 10,000.
    spark.conf.set("spark.sql.sources.parallelPartitionDiscovery.parallelism", "1")
    for number in range(arguments.count):
        table = DeltaTable.forPath(spark, arguments.table)
        table.optimize().executeCompaction()
        if number == arguments.count - 1:
            # So that there is something to delete, however fast the rounds were.
            time.sleep(RETENTION_SECONDS)
            _say(f"doomed {spark.sql(f'VACUUM delta.`{arguments.table}` DRY RUN').count()}")
        # By the table's own retention: VACUUM rounds an argument to hours, and 20 seconds would be none.
        table.vacuum()
        _say(f"acknowledged {number}")


def delete(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Delete the first rows one by one, each with a bounded number of tries against the appends beside it."""

    @retry_conflicts
    def one(number: int) -> None:
        DeltaTable.forPath(spark, arguments.table).delete(F.col("id") == number)

    for number in range(arguments.count):
        try:
            one(number)
        except ConcurrentAppendException:
            _say(f"refused {number}")
        else:
            _say(f"acknowledged {number}")


WORK: dict[str, Callable[[SparkSession, argparse.Namespace], None]] = {
    "append": append,
    "stream": stream,
    "maintain": maintain,
    "delete": delete,
}


def main() -> int:
    """Start Spark, wait for the word, work."""
    arguments = _parser().parse_args()
    settings = load_settings()
    spark = build_session(settings, f"tideline-proof-{arguments.work}", _overrides(settings, arguments.log_store))
    _say("ready")
    sys.stdin.readline()
    try:
        WORK[arguments.work](spark, arguments)
    except TidelineError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    spark.stop()
    return 0


def _overrides(settings: Settings, log_store: str) -> dict[str, str]:
    options = spark_conf(settings)["spark.driver.extraJavaOptions"]
    chosen = {f"spark.delta.logStore.{scheme}.impl": log_store for scheme in ("file", "s3a")} if log_store else {}
    return {
        # A run of minutes: the first compiler does, the second would take the other driver's core.
        "spark.driver.extraJavaOptions": f"{options} {FIRST_COMPILER}",
        "spark.sql.warehouse.dir": f"{settings.home}/spark-warehouse",
        f"{_TABLE_DEFAULTS}.deletedFileRetentionDuration": f"interval {RETENTION_SECONDS} seconds",
        **chosen,
    }


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m proofs.driver", description=__doc__)
    parser.add_argument("work", choices=list(WORK))
    parser.add_argument("table")
    parser.add_argument("--log-store", default="", help="another class than Tideline's")
    parser.add_argument("--name", default="", help="append: who writes")
    parser.add_argument("--count", type=int, default=1, help="how many commits or rounds")
    parser.add_argument("--checkpoint", default="", help="stream: its checkpoint")
    parser.add_argument("--trigger-ms", type=int, default=300, help="stream: milliseconds from batch to batch")
    return parser


if __name__ == "__main__":
    sys.exit(main())
