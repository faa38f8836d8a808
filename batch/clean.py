"""The job ``clean``: brings silver to bronze's newest version, reading only the versions that it has not seen.

The version travels in the commit that holds its rows, so that rows and version can never disagree.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from batch.log import BronzeState, bronze_sources, count_rows, newest_state, processed_states
from batch.silver import columns_for, comes_first, to_silver
from batch.small import collect, frame, is_small, merge_rows, read_few, replace_rows, rows_between, session_for
from tideline.conflicts import retry_conflicts
from tideline.creation import create_tables
from tideline.errors import TableError
from tideline.lake import open_log, table_path
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.sources import SOURCES
from tideline.tables import read_table

_METADATA = "spark.databricks.delta.commitInfo.userMetadata"

_MATERIALIZE = "spark.databricks.delta.merge.materializeSource"
"""Of a MERGE: whether Delta makes a copy of its source, which is one already here."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cleaned:
    """What one run did to one silver table; ``whole`` when it was built anew from all of bronze."""

    table: str
    bronze_version: int
    inserted: int = 0
    updated: int = 0
    whole: bool = False


def clean(spark: SparkSession, settings: Settings) -> list[Cleaned]:
    """Bring every silver table to the newest version of its bronze table.

    Raises:
        TableError: there is no bronze table at all.
    """
    present = bronze_sources(settings)
    # For every source, so that gold has all its marts, if only empty ones.
    create_tables(settings, *(f"silver.{source}" for source in SOURCES))
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        return list(pool.map(lambda source: clean_source(spark, settings, source), present))


@retry_conflicts
def clean_source(spark: SparkSession, settings: Settings, source: str) -> Cleaned:
    """Bring one silver table, of tweets or of emissions, to the newest version of its bronze table."""
    silver = f"silver.{source}"
    newest = newest_state(settings, f"bronze.{source}")
    done = next(iter(processed_states(settings, silver)), None)
    if done == newest:
        return Cleaned(silver, newest.bronze_version)
    few = is_small(open_log(settings, f"bronze.{source}", newest.bronze_version))
    # A session of one's own: the metadata of Spark's commits is a conf of the session.
    session = session_for(spark, few=few)
    session.conf.set(_METADATA, newest.to_metadata())
    cleaned = None if done is None else _merge_unseen(session, settings, source, done, newest, few=few)
    cleaned = cleaned or _write_whole(session, settings, source, newest, few=few)
    earlier = processed_states(settings, silver)[1:2]
    if earlier and earlier[0].bronze_version > newest.bronze_version:
        # Another run had been further, and this one, slower, put an older version over it.
        return clean_source(spark, settings, source)
    return cleaned


def _merge_unseen(
    session: SparkSession, settings: Settings, source: str, done: BronzeState, newest: BronzeState, *, few: bool
) -> Cleaned | None:
    """Merge the bronze versions after ``done``; None when they cannot be told or read any more."""
    if done.bronze_id != newest.bronze_id or done.bronze_version > newest.bronze_version:
        return None
    bronze, silver = f"bronze.{source}", TABLES[f"silver.{source}"]
    first = done.bronze_version + 1
    try:
        # Read once, and before the MERGE, which reads its source twice: here shows what cannot be read any more,
        # when the log or the files of those versions were cleaned up. Any other cause shows itself again when all
        # of bronze is read.
        if few:
            found = rows_between(open_log(settings, bronze), first, newest.bronze_version, columns_for(silver))
            seen = collect(to_silver(frame(session, bronze, found), silver), silver.name)
        else:
            changes = _read_changes(session, table_path(settings, bronze), first, newest.bronze_version)
            seen = to_silver(changes, silver).localCheckpoint()
    except (PySparkException, Py4JJavaError, TableError) as error:
        log.warning("%s from version %d on cannot be read: %s", bronze, first, str(error).splitlines()[0])
        return None
    if isinstance(seen, DataFrame):
        merged = (0, 0) if seen.isEmpty() else _merge(session, table_path(settings, silver.name), seen)
    else:
        merged = merge_rows(settings, silver.name, seen, comes_first("new", "stored"), newest.to_metadata())
    return Cleaned(silver.name, newest.bronze_version, *merged)


def _read_changes(session: SparkSession, path: str, first: int, last: int) -> DataFrame:
    feed = session.read.format("delta").option("readChangeFeed", "true")
    return feed.option("startingVersion", first).option("endingVersion", last).load(path)


def _merge(session: SparkSession, path: str, rows: DataFrame) -> tuple[int, int]:
    """Insert new events, replace those of which an earlier row turned up; returns how many of each."""
    session.conf.set(_MATERIALIZE, "none")
    merge = DeltaTable.forPath(session, path).alias("stored").merge(rows.alias("new"), "new.event_id = stored.event_id")
    first = merge.whenMatchedUpdateAll(condition=comes_first("new", "stored")).whenNotMatchedInsertAll()
    done = first.execute().collect()[0]
    return done["num_inserted_rows"], done["num_updated_rows"]


def _write_whole(session: SparkSession, settings: Settings, source: str, newest: BronzeState, *, few: bool) -> Cleaned:
    """Replace silver by what all of bronze gives: right whatever silver held, and cheaper than a MERGE."""
    bronze, silver = f"bronze.{source}", TABLES[f"silver.{source}"]
    if few:
        found = read_few(session, settings, bronze, newest.bronze_version, columns_for(silver))
        rows = collect(to_silver(found, silver), silver.name)
        replace_rows(settings, silver.name, rows, newest.to_metadata())
    else:
        rows = to_silver(read_table(session, settings, bronze, newest.bronze_version), silver)
        rows.write.format("delta").mode("overwrite").save(table_path(settings, silver.name))
    return Cleaned(silver.name, newest.bronze_version, inserted=count_rows(settings, silver.name), whole=True)
