"""The queries of each source: how a bronze stream, its counts and its flags are started, and from where."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from streaming.bronze import bronze_writer, read_kafka
from streaming.counts import Counting, TimeOrder, count_live, emission_counting, tweet_counting
from streaming.recovery import is_usable_live_checkpoint, plan_kafka_start
from streaming.sink import anomalies_writer, counts_writer
from tideline.checkpoints import drop_checkpoint, read_checkpoint
from tideline.creation import set_property
from tideline.errors import CheckpointError
from tideline.lake import commit_files, open_log, table_path
from tideline.offsets import check_same_topic, highest_offsets, topic_state
from tideline.readable import UNCOMMITTED, readable_ranges
from tideline.settings import Settings
from tideline.sources import ANOMALIES_QUERY, COUNTS_QUERIES, LIVE_QUERIES, SOURCES, TOPIC_ID, topic_of
from tideline.storage import Storage, open_storage
from tideline.verdicts import VERSION
from tideline.windows import rules_of

QUERIES = (*(f"bronze.{source}" for source in SOURCES), *LIVE_QUERIES)
"""All queries by name; each has its checkpoint under its name."""

PLAN_VERSION = 1
"""Raised whenever the plan or the state of a live query changes: its checkpoint is then dropped, its table rebuilt."""

Report = Callable[[str], None]
"""Called with one sentence whenever something happens that an operator would want to know."""

ALL_FILES = 2**31 - 1
"""Delta hands out a first snapshot in file order; cut into batches, rows would fall behind the watermark."""

LIVE_TABLES = {
    source: tuple(table for query in LIVE_QUERIES.values() if query.source == source for table in query.tables)
    for source in SOURCES
}
"""The live tables of each source."""


@dataclass(frozen=True)
class Query:
    """One streaming query: what it is, how it is started or started again, and how its progress is dropped.

    Bronze's progress cannot be dropped: nothing but Kafka could rebuild it.
    """

    name: str
    source: str
    is_bronze: bool
    start: Callable[[Trigger], StreamingQuery]
    drop_progress: Callable[[], None] | None


@dataclass(frozen=True)
class Trigger:
    """When batches run: every ``seconds``, or once for all that is there."""

    seconds: float | None

    def apply(self, writer: DataStreamWriter) -> DataStreamWriter:
        """Set the trigger of a query."""
        if self.seconds is None:
            return writer.trigger(availableNow=True)
        return writer.trigger(processingTime=f"{round(self.seconds * 1000)} milliseconds")


def bronze_query(spark: SparkSession, settings: Settings, source: str) -> Query:
    """The query that lands a source's topic in its bronze table."""
    name = f"bronze.{source}"
    path, checkpoint = table_path(settings, name), checkpoint_path(settings, name)
    topic, checkpoints = topic_of(settings, source), open_storage(settings, settings.checkpoints)

    def start(trigger: Trigger) -> StreamingQuery:
        bootstrap = settings.kafka_bootstrap
        state, log = topic_state(bootstrap, topic), open_log(settings, name)
        recorded = log.metadata().configuration.get(TOPIC_ID)
        if recorded is None:
            set_property(settings, name, TOPIC_ID, state.id)
        check_same_topic(state, recorded, path)
        begin = plan_kafka_start(
            state,
            read_checkpoint(checkpoints, name),
            highest_offsets(log, topic),
            path,
            # As Spark's source reads: without regard to transactions.
            lambda p, first, end: bool(readable_ranges(bootstrap, topic, p, [range(first, end)], UNCOMMITTED)),
        )
        writer = bronze_writer(read_kafka(spark, settings, begin), source)
        return trigger.apply(writer).option("checkpointLocation", checkpoint).start(path)

    return Query(name, source, is_bronze=True, start=start, drop_progress=None)


def counting_of(settings: Settings, source: str) -> tuple[Counting, tuple[str, ...]]:
    """The windows of a source, and what its live counts are split by."""
    if source == "tweets":
        return tweet_counting(), settings.tweet_dimensions
    return emission_counting(), settings.emission_dimensions


def counts_query(spark: SparkSession, settings: Settings, source: str, report: Report | None = None) -> Query:
    """The stateful query that keeps a source's hourly and daily counts; ``report`` hears why they are made anew."""
    counting, dimensions = counting_of(settings, source)
    order = TimeOrder(
        settings.topic_partitions,
        f"{settings.horizon_minutes} minutes",
        f"{settings.topic_retention_hours} hours",
    )

    def writer(bronze: DataFrame) -> DataStreamWriter:
        counts = count_live(bronze, counting, dimensions, order)
        write = counts_writer(counting, dimensions, settings)
        return counts.writeStream.outputMode("update").foreachBatch(write)

    plan = {"dimensions": dimensions, **asdict(order), "verdicts": VERSION, **asdict(rules_of(settings))}
    return _live_query(spark, settings, COUNTS_QUERIES[source], plan, writer, report)


def anomalies_query(spark: SparkSession, settings: Settings, report: Report | None = None) -> Query:
    """The query that flags emission rows; it keeps no state of Spark's. ``report``: see ``counts_query``."""

    def writer(bronze: DataFrame) -> DataStreamWriter:
        write = anomalies_writer(settings)
        return bronze.writeStream.outputMode("append").foreachBatch(write)

    return _live_query(spark, settings, ANOMALIES_QUERY, {}, writer, report)


def queries_of(spark: SparkSession, settings: Settings, source: str, report: Report | None = None) -> list[Query]:
    """All queries of a source, bronze first; ``report``: see ``counts_query``."""
    queries = [bronze_query(spark, settings, source), counts_query(spark, settings, source, report)]
    return [*queries, anomalies_query(spark, settings, report)] if source == "emissions" else queries


def checkpoint_path(settings: Settings, query: str) -> str:
    """The folder of a query's checkpoint: one per query, never derived from anything that changes."""
    return f"{settings.checkpoints}/{query}"


def _live_query(
    spark: SparkSession,
    settings: Settings,
    name: str,
    plan: dict[str, object],
    writer: Callable[[DataFrame], DataStreamWriter],
    report: Report | None,
) -> Query:
    source, tables = LIVE_QUERIES[name].source, LIVE_QUERIES[name].tables
    bronze, checkpoint = table_path(settings, f"bronze.{source}"), checkpoint_path(settings, name)
    # A table that was deleted and created again has another id: the checkpoint speaks of rows that it does not hold.
    ids = [open_log(settings, table).metadata().id for table in tables]
    wanted = {"plan": PLAN_VERSION, "tables": ids, **plan}
    checkpoints = open_storage(settings, settings.checkpoints)
    marker = f"{name}.plan.json"

    def start(trigger: Trigger) -> StreamingQuery:
        obstacle = plan_obstacle(_read_plan(checkpoints, marker), wanted) or _obstacle(
            settings, f"bronze.{source}", checkpoints, name
        )
        if obstacle is not None:
            if report is not None and checkpoints.holds(name):
                report(f"{name}: {obstacle}; its tables are computed anew from bronze")
            drop_checkpoint(checkpoints, name)
            checkpoints.write(marker, json.dumps(wanted, sort_keys=True).encode())
        rows = (
            spark.readStream.format("delta")
            .option("maxFilesPerTrigger", ALL_FILES)
            # Bronze is never changed, but a DELETE by hand must not end the live counts.
            .option("skipChangeCommits", "true")
            .load(bronze)
        )
        query = writer(rows).queryName(name).option("checkpointLocation", checkpoint)
        return trigger.apply(query).start()

    return Query(name, source, is_bronze=False, start=start, drop_progress=lambda: drop_checkpoint(checkpoints, name))


def plan_obstacle(made_by: Mapping[str, object], wanted: Mapping[str, object]) -> str | None:
    """Why a checkpoint that a plan made is of no use to another one; None when both are the same.

    >>> plan_obstacle({"plan": 1, "horizon": "2 hours"}, {"plan": 2, "horizon": "3 hours"})
    'its checkpoint was made by another plan (horizon 2 hours, now 3 hours; plan 1, now 2)'
    """
    # Through JSON, as the one that is read has been.
    now = json.loads(json.dumps(wanted))
    changed = sorted(key for key in {*made_by, *now} if made_by.get(key) != now.get(key))
    if not changed:
        return None
    said = "; ".join(f"{key} {made_by.get(key)}, now {now.get(key)}" for key in changed)
    return f"its checkpoint was made by another plan ({said})"


def _read_plan(checkpoints: Storage, marker: str) -> dict[str, object]:
    """The plan that a checkpoint was made by; empty when that cannot be read."""
    try:
        return dict(json.loads(checkpoints.read(marker))) if checkpoints.exists(marker) else {}
    except ValueError:
        return {}


def _obstacle(settings: Settings, bronze: str, checkpoints: Storage, query: str) -> str | None:
    """Why a live query cannot go on: its table is a function of bronze, and what cannot go on is computed anew."""
    try:
        found = read_checkpoint(checkpoints, query)
    except CheckpointError:
        return "its checkpoint is damaged"
    bronze_id = str(open_log(settings, bronze).metadata().id)
    if is_usable_live_checkpoint(found, bronze_id, min(commit_files(settings, bronze))):
        return None
    return "its checkpoint is of another bronze table, or older than bronze's log"
