"""Live counts of a real stream against gold: newer rows, a stream that is behind, late resends, damage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from batch.clean import clean
from batch.gold import gold
from batch.reconcile import Reconciled, reconcile
from streaming.queries import LIVE_TABLES, Trigger, counts_query
from tests.batch.builders import append, emission, tweet
from tests.integration.recount import read
from tideline.creation import create_tables
from tideline.errors import DriftError, TableError
from tideline.lake import open_log
from tideline.rows import append_rows
from tideline.settings import Settings
from tideline.sources import SOURCES

pytestmark = pytest.mark.integration

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEN = datetime(2020, 3, 1, 10, tzinfo=UTC)
DAY = date(2024, 3, 31)


@pytest.fixture
def lake(lake: Settings) -> Settings:
    """An empty lake whose topics have one partition."""
    return replace(lake, topic_partitions=1)


def land(lake: Settings, *events: tuple[int, str, timedelta]) -> None:
    """Append the same events to both sources: offset, id, and how long after noon Kafka received them."""
    for source, build in (("tweets", tweet), ("emissions", emission)):
        own = {"tweets": {"event_time": TEN}, "emissions": {"date": DAY, "country": "FR", "device": None}}[source]
        rows = [build(o, event_id=e, kafka_timestamp=NOON + after, **own) for o, e, after in events]
        append(lake, f"bronze.{source}", rows)


def count_live(spark: SparkSession, lake: Settings) -> None:
    """Run the stream's counts until they have read all of bronze."""
    for source in SOURCES:
        create_tables(lake, *LIVE_TABLES[source])
        query = counts_query(spark, lake, source).start(Trigger(None))
        query.awaitTermination()
        assert query.exception() is None


def make_gold(spark: SparkSession, lake: Settings) -> None:
    clean(spark, lake)
    gold(spark, lake)


def found(results: Sequence[Reconciled]) -> list[tuple[int, ...]]:
    """Per comparison: newer rows, live behind, late resends."""
    return [(r.newer_rows, r.live_behind, r.late_resends) for r in results]


def drift(lake: Settings) -> list[tuple[Any, ...]]:
    """Live, gold, difference, recount, late resends, explanation: of the newest run, without doubles."""
    rows = read(lake, "ops.drift")
    newest = rows[rows.reconciled_at == rows.reconciled_at.max()]
    columns = ["live", "gold", "difference", "recount", "late_resends", "explanation"]
    return sorted(set(newest[columns].itertuples(index=False, name=None)))


def test_what_a_stream_and_gold_may_differ_by_is_explained(spark: SparkSession, lake: Settings) -> None:
    hour = timedelta(hours=1)
    # a and b have landed, are counted live, and are in gold: no difference.
    land(lake, (0, "a", 0 * hour), (1, "b", 0 * hour))
    count_live(spark, lake)
    make_gold(spark, lake)
    assert found(reconcile(lake)) == [(0, 0, 0)] * 4
    assert read(lake, "ops.drift").empty
    # c, d and e land and are counted live, in two batches; gold is as it was.
    land(lake, (2, "c", 1 * hour), (3, "d", 10 * hour))
    count_live(spark, lake)
    land(lake, (4, "e", 10 * hour))
    count_live(spark, lake)
    assert found(reconcile(lake)) == [(1, 0, 0)] * 4
    assert drift(lake) == [(5, 2, 3, 5, 0, "newer rows")]
    # a comes again when the horizon has forgotten it, and counts twice live; gold knows better.
    land(lake, (5, "a", 11 * hour))
    count_live(spark, lake)
    make_gold(spark, lake)
    assert found(reconcile(lake)) == [(0, 0, 1)] * 4
    assert drift(lake) == [(6, 5, 1, 5, 1, "late resends")]
    # f and g land while the stream stands still, and gold overtakes the live counts.
    land(lake, (6, "f", 12 * hour), (7, "g", 12 * hour))
    make_gold(spark, lake)
    assert found(reconcile(lake)) == [(0, 1, 0)] * 4
    assert drift(lake) == [(6, 7, -1, 7, 1, "live behind")]


def test_a_damaged_live_table_is_named_and_nothing_else_is(spark: SparkSession, lake: Settings) -> None:
    land(lake, (0, "a", timedelta()), (1, "b", timedelta()))
    count_live(spark, lake)
    make_gold(spark, lake)
    open_log(lake, "live.tweet_counts_hourly").update({"tweets": "1"})
    append_rows(lake, "live.emission_counts_daily", [{"window_start": DAY, "country": "DE", "emissions": 3}])
    with pytest.raises(DriftError) as damage:
        reconcile(lake)
    assert str(damage.value).partition("; rebuild")[0] == (
        "3 live counts differ from gold and nothing explains it (2020-03-01 10:00: live.tweet_counts_hourly has 1, "
        "gold.tweet_metrics has 2, bronze gives 2; "
        '2024-03-31 00:00 {"country": "DE", "device": null}: live.emission_counts_daily has 3, '
        "gold.daily_by_country_device has 0, bronze gives 0; "
        "2024-03-31 00:00: live.emission_counts_daily has 5, gold.daily_by_domain_format has 2, bronze gives 2)"
    )
    assert set(read(lake, "ops.drift").explanation) == {"unexplained"}
    assert "live.tweet_counts_daily" not in set(read(lake, "ops.drift").live_table)


def test_a_lake_of_one_source_without_live_tables_has_nothing_to_compare(spark: SparkSession, lake: Settings) -> None:
    append(lake, "bronze.emissions", [emission(0)])
    make_gold(spark, lake)
    assert [(r.live, r.compared) for r in reconcile(lake)] == [("live.emission_counts_daily", 0)] * 2


def test_gold_that_was_made_from_another_bronze_is_refused(spark: SparkSession, lake: Settings) -> None:
    land(lake, (0, "a", timedelta()))
    count_live(spark, lake)
    with pytest.raises(TableError, match="run the step that writes it first"):
        reconcile(lake)
    create_tables(lake, "gold.tweet_metrics")
    with pytest.raises(TableError, match=r"gold\.tweet_metrics does not say which version of bronze\.tweets"):
        reconcile(lake)
