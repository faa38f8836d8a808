"""Live tables compared with what bronze gives, and rebuilt: by the stream that runs, or here where none does."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pyarrow as pa
from deltalake import DeltaTable as DeltaLog
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming.app import hold, is_held, prepare
from streaming.counts import count_windows, rows_of
from streaming.flags import expected_flags
from streaming.hours import expected_verdicts, whole_arrivals
from streaming.queries import Report, counting_of
from streaming.requests import Requests
from streaming.supervisor import drain
from tideline.arrivals import arrivals_rows
from tideline.checkpoints import Checkpoint, processed_version, read_checkpoint
from tideline.difference import Difference, compare
from tideline.errors import CheckpointError, LeaseError, TableError, TidelineError
from tideline.events import first_events, valid_rows
from tideline.hour_verdicts import FLAGGED, REMEMBERED, counts_of
from tideline.lake import open_log, was_created
from tideline.rebuild import Order, read_or_empty
from tideline.schemas import TABLES, Table
from tideline.settings import Settings
from tideline.sources import ANOMALIES_QUERY, ARRIVALS, HOUR_VERDICTS, LIVE_QUERIES
from tideline.storage import open_storage
from tideline.tables import declared_type, read_table

REST_SECONDS = 120.0
"""How long a moment is sought in which a live query is between two batches."""

REST_POLL_SECONDS = 0.01

ANSWER_SECONDS = 10.0
"""How long the running stream is left alone before it is looked at whether it still runs."""

REBUILD_SECONDS = 3600.0
"""How long a running stream may take for a rebuild: it reads all of bronze."""


@dataclass(frozen=True)
class Rest:
    """A query at rest: the bronze version that its tables hold, and the tables' versions; null where never created."""

    bronze_version: int
    versions: dict[str, int | None]


def rebuild(spark: SparkSession, settings: Settings, order: Order, report: Report) -> list[Difference]:
    """Compare live tables with bronze; unless it is a dry run, rebuild the queries of those that differ.

    A query's tables are always computed as wholes, so differences on other days go with those that were asked for.

    Args:
        spark: a session with what the stream's plans need.
        settings: where the tables lie.
        order: which tables; of which days a difference counts.
        report: receives what happens.

    Returns:
        What differs; after a rebuild, what differed.

    Raises:
        TidelineError: a rebuild did not end in time, or did not mend its tables.
    """
    found = []
    for name, query in LIVE_QUERIES.items():
        wanted = [table for table in query.tables if table in order.tables]
        if not wanted or not was_created(settings, f"bronze.{query.source}"):
            continue
        differs = order.concerned(_compare_query(spark, settings, name, wanted))
        found += differs
        if differs and not order.dry_run:
            _rebuild_query(spark, settings, name, report)
            _check(_compare_query(spark, settings, name, wanted))
    return found


def expected_tables(
    bronze: DataFrame, version: int, settings: Settings, query: str, wanted: Sequence[str]
) -> dict[str, DataFrame]:
    """What a live query's tables hold when it has read all of bronze, by the functions of the query itself.

    Args:
        bronze: its rows at a version.
        version: that version.
        settings: how they are counted and judged.
        query: the live query.
        wanted: which of its tables.
    """
    if query == ANOMALIES_QUERY:
        return _frames(bronze.sparkSession, expected_flags(settings, version))
    counting, dimensions = counting_of(settings, LIVE_QUERIES[query].source)
    counts = count_windows(first_events(valid_rows(bronze)), counting, dimensions)
    periods = (("hour", counting.hourly), ("day", counting.daily))
    tables = {table.name: rows_of(counts, table, period) for period, table in periods}
    if set(wanted) <= set(tables):
        return tables
    return tables | _expected_hours(tables[counting.hourly.name], version, settings, counting.source, dimensions)


def _expected_hours(
    hourly: DataFrame, version: int, settings: Settings, source: str, dimensions: Sequence[str]
) -> dict[str, DataFrame]:
    clocks, counts = whole_arrivals(settings, source, version), counts_of(hourly.toArrow(), source, dimensions)
    rows = {
        ARRIVALS[source]: arrivals_rows(clocks),
        HOUR_VERDICTS[source]: expected_verdicts(settings, source, clocks, counts),
    }
    return _frames(hourly.sparkSession, rows)


def _frames(spark: SparkSession, tables: Mapping[str, pa.Table]) -> dict[str, DataFrame]:
    return {name: spark.createDataFrame(rows.to_pylist(), declared_type(TABLES[name])) for name, rows in tables.items()}


def _compare_table(expected: DataFrame, stored: DataFrame, table: Table) -> list[Difference]:
    """Compare what bronze alone decides: of verdicts those that stand, without what only their table can remember."""
    if table.name not in HOUR_VERDICTS.values():
        return compare(expected, stored, table)
    own = replace(table, columns=tuple(column for column in table.columns if column.name != REMEMBERED))
    return compare(expected, stored.where(F.col("state") == FLAGGED), own)


def _compare_query(spark: SparkSession, settings: Settings, name: str, tables: list[str]) -> list[Difference]:
    rest = _wait_for_rest(settings, name)
    bronze = read_table(spark, settings, f"bronze.{LIVE_QUERIES[name].source}", max(rest.bronze_version, 0))
    bronze = bronze if rest.bronze_version >= 0 else bronze.limit(0)
    expected = expected_tables(bronze, rest.bronze_version, settings, name, tables)
    return [
        difference
        for table in tables
        for difference in _compare_table(
            expected[table], read_or_empty(spark, settings, table, rest.versions[table]), TABLES[table]
        )
    ]


def _wait_for_rest(settings: Settings, name: str) -> Rest:
    """Find a moment between two batches: only then its tables are those of one version of bronze.

    Such moments may be short: nothing is opened in them that was not opened before.

    Raises:
        TidelineError: there was none in ``REST_SECONDS``.
    """
    bronze = open_log(settings, f"bronze.{LIVE_QUERIES[name].source}")
    logs = {table: open_log(settings, table) if was_created(settings, table) else None for table in _tables(name)}
    deadline = time.monotonic() + REST_SECONDS
    while time.monotonic() < deadline:
        before = _progress(settings, name, bronze)
        found = _versions(logs)
        if before is not None and before.committed == before.planned:
            if before == _progress(settings, name, bronze):
                return Rest(_processed(before, bronze), found)
        elif not is_held(settings, LIVE_QUERIES[name].source):
            return Rest(_processed(before, bronze), found)
        time.sleep(REST_POLL_SECONDS)
    msg = f"{name} had no break between two batches in {REST_SECONDS:.0f} s; try again when it has caught up"
    raise TidelineError(msg)


def _tables(name: str) -> tuple[str, ...]:
    return LIVE_QUERIES[name].tables


def _progress(settings: Settings, name: str, bronze: DeltaLog) -> Checkpoint | None:
    """How far a query is; None where it begins anew, or is just writing that down."""
    try:
        found = read_checkpoint(open_storage(settings, settings.checkpoints), name)
    except CheckpointError:
        return None
    known = found is not None and found.planned is not None and found.planned["reservoirId"] == bronze.metadata().id
    return found if known else None


def _processed(found: Checkpoint | None, bronze: DeltaLog) -> int:
    """The version of bronze that a query's tables hold; one that begins anew will hold the newest."""
    return processed_version(found.planned) if found is not None and found.planned else int(bronze.version())


def _versions(logs: Mapping[str, DeltaLog | None]) -> dict[str, int | None]:
    for log in logs.values():
        if log is not None:
            log.update_incremental()
    return {table: None if log is None else int(log.version()) for table, log in logs.items()}


def _rebuild_query(spark: SparkSession, settings: Settings, name: str, report: Report) -> None:
    """Have the running stream rebuild a query's tables; where none holds the lease, do it here.

    Raises:
        TidelineError: the stream did not do it within ``REBUILD_SECONDS``, or the query failed here.
    """
    requests = Requests(settings)
    requests.ask(name)
    deadline = time.monotonic() + REBUILD_SECONDS
    told = False
    while requests.pending(name) is not None:
        try:
            _rebuild_here(spark, settings, name, requests, report)
        except LeaseError as held:
            if not told:
                report(f"the running stream is asked to rebuild {name}: {held}")
                told = True
            if time.monotonic() > deadline:
                msg = (
                    f"{name} was not rebuilt within {REBUILD_SECONDS:.0f} s ({held}); see that stream's log, the "
                    "request stands until it is done"
                )
                raise TidelineError(msg) from held
            _wait_for_answer(requests, name)


def _wait_for_answer(requests: Requests, name: str) -> None:
    until = time.monotonic() + ANSWER_SECONDS
    while requests.pending(name) is not None and time.monotonic() < until:
        time.sleep(0.2)


def _rebuild_here(spark: SparkSession, settings: Settings, name: str, requests: Requests, report: Report) -> None:
    """Rebuild a query's tables under the lease of its source.

    Raises:
        LeaseError: a stream has the lease, or took it.
        TidelineError: the query failed.
    """
    stop, lost = threading.Event(), list[str]()
    source = LIVE_QUERIES[name].source
    with ExitStack() as held:
        hold(settings, source, held, stop, lost, report)
        asked = requests.pending(name)
        queries = [query for query in prepare(spark, settings, [source]) if query.name == name]
        report(f"{name} is computed anew from bronze")
        for query in queries:
            if query.drop_progress is not None:
                query.drop_progress()
        drain(queries, stop, report)
        if lost:
            raise LeaseError(lost[0])
        if asked is not None:
            requests.answer(name, asked)


def _check(left: list[Difference]) -> None:
    if left:
        tables = ", ".join(sorted({difference.table for difference in left}))
        msg = (
            f"{tables} still differ from bronze after their rebuild: somebody else writes them; find who, and run again"
        )
        raise TableError(msg)
