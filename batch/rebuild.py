"""The job ``rebuild``: compares days of silver and gold with what bronze gives, and mends those that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from batch.clean import clean_source
from batch.gold import MARTS, gold
from batch.log import BronzeState, bronze_sources, newest_state, processed_states
from batch.silver import columns_for, to_silver
from batch.small import is_small, read_few, session_for
from tideline.conflicts import retry_conflicts
from tideline.creation import create_tables
from tideline.difference import Days, Difference, compare
from tideline.events import valid_rows
from tideline.lake import open_log, table_path, was_created
from tideline.rebuild import Order, read_or_empty
from tideline.schemas import TABLES, Table
from tideline.settings import Settings


@dataclass(frozen=True)
class Mending:
    """A silver table's rows of some days: as bronze gives them, and as they stand.

    Attributes:
        state: the bronze version that silver holds; None when silver never said.
        expected: what bronze gives.
        stored: what stands, also under the events' ids on other days.
        kept: what stands and is not looked at.
        strays: the ids of expected events that stand on other days.
    """

    table: Table
    state: BronzeState | None
    expected: DataFrame
    stored: DataFrame
    kept: DataFrame
    strays: Sequence[str]


def rebuild(spark: SparkSession, settings: Settings, order: Order) -> list[Difference]:
    """Compare the tables of silver and gold in the order, and unless it is a dry run make them what bronze gives.

    Silver's days are replaced in one commit. Gold is computed anew as a whole.

    Returns:
        What differs; after a rebuild, what differed.

    Raises:
        TableError: there is no bronze table at all.
    """
    sources = bronze_sources(settings)
    few = all(is_small(open_log(settings, f"bronze.{source}")) for source in sources)
    session = session_for(spark, few=few)
    found = []
    with ExitStack() as held:
        mended = {}
        for name in order.tables_of("silver"):
            if name.removeprefix("silver.") in sources:
                part, differences = _rebuild_silver(session, settings, name, order, held)
                mended[name] = part
                found += differences
        found += _rebuild_gold(session, settings, order, mended if order.dry_run else {})
    return found


@retry_conflicts
def _rebuild_silver(
    session: SparkSession, settings: Settings, name: str, order: Order, held: ExitStack
) -> tuple[Mending, list[Difference]]:
    part = held.enter_context(_mending(session, settings, TABLES[name], order.days))
    differences = compare(part.expected, part.stored, part.table)
    if differences and not order.dry_run:
        if part.state is None:
            create_tables(settings, name)
            clean_source(session, settings, name.removeprefix("silver."))
        else:
            _replace(settings, part, part.state, order.days)
    return part, differences


@contextmanager
def _mending(session: SparkSession, settings: Settings, silver: Table, days: Days) -> Iterator[Mending]:
    bronze = silver.name.replace("silver", "bronze")
    state = _processed_state(settings, silver.name, bronze)
    version = (state or newest_state(settings, bronze)).bronze_version
    rows = _read(session, settings, bronze, version, columns_for(silver))
    expected = _expected_rows(rows, silver, days).persist()
    try:
        table = _read(session, settings, silver.name)
        of_days = F.coalesce(F.expr(days.predicate(silver)), F.lit(False))
        strays = table.where(~of_days).join(expected, "event_id", "left_semi")
        ids = sorted({row["event_id"] for row in strays.select("event_id").collect()})
        looked_at = of_days | F.col("event_id").isin(ids)
        yield Mending(silver, state, expected, table.where(looked_at), table.where(~looked_at), ids)
    finally:
        expected.unpersist()


def _read(
    session: SparkSession, settings: Settings, name: str, version: int | None = None, columns: Sequence[str] = ()
) -> DataFrame:
    """These columns of a table, or all; as in ``clean`` and ``gold``, Spark reads no log of a small one."""
    if was_created(settings, name) and is_small(open_log(settings, name, version)):
        return read_few(session, settings, name, version, columns)
    return read_or_empty(session, settings, name, version)


def _processed_state(settings: Settings, silver: str, bronze: str) -> BronzeState | None:
    """The bronze version that silver holds; None when it is of another bronze, or was never said."""
    done = next(iter(processed_states(settings, silver)), None) if was_created(settings, silver) else None
    return done if done is not None and done.bronze_id == newest_state(settings, bronze).bronze_id else None


def _expected_rows(bronze: DataFrame, silver: Table, days: Days) -> DataFrame:
    """Silver's rows of these days.

    The first row of an event decides on its day, so all rows of every event that has any row in these days are
    looked at, and no others.
    """
    rows = valid_rows(bronze)
    of_days = days.predicate(silver)
    events = rows.where(of_days).select("event_id").distinct()
    return to_silver(rows.join(events, "event_id", "left_semi"), silver).where(of_days)


def _replace(settings: Settings, part: Mending, state: BronzeState, days: Days) -> None:
    """Replace the rows of these days, and the events' rows on other days, in one commit.

    It names the bronze version that silver held before: `clean` goes on from there.
    """
    condition = days.predicate(part.table)
    if part.strays:
        ids = ", ".join("'" + event.replace("\\", "\\\\").replace("'", "\\'") + "'" for event in part.strays)
        condition = f"({condition}) OR event_id IN ({ids})"
    write = part.expected.write.format("delta").mode("overwrite").option("replaceWhere", condition)
    write.option("userMetadata", state.to_metadata()).save(table_path(settings, part.table.name))


def _rebuild_gold(
    session: SparkSession, settings: Settings, order: Order, mended: dict[str, Mending]
) -> list[Difference]:
    """Compare marts with what silver gives, and replace all of gold where one differs.

    Args:
        session: a session of one's own.
        settings: where the tables lie.
        order: which marts.
        mended: silver tables that would be mended, which gold is then compared with.
    """
    found = []
    for name in order.tables_of("gold"):
        source, transform = MARTS[name]
        part = mended.get(source)
        silver = part.kept.unionByName(part.expected) if part else _read(session, settings, source)
        found += order.concerned(compare(transform(silver), _read(session, settings, name), TABLES[name]))
    if found and not order.dry_run:
        gold(session, settings)
    return found
