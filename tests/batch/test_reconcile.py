"""What reconcile reads and writes, on literal tables and a literal checkpoint; the real stream is in integration."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake

from batch.log import BronzeState, GoldState
from batch.reconcile import reconcile
from tests.cli.builders import bronze_row
from tests.integration.recount import read
from tideline.errors import DriftError, TableError
from tideline.lake import open_log, table_path
from tideline.rows import append_rows, arrow_schema
from tideline.schemas import TABLES
from tideline.settings import Settings

TEN = datetime(2020, 3, 1, 10, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def land(lake: Settings, *offsets: int) -> None:
    """Append one tweet per offset, all of ten o'clock, as one version of bronze."""
    rows = [bronze_row("tweets", 0, o, f"e{o}", event_time=TEN) for o in offsets]
    append_rows(lake, "bronze.tweets", rows)


def bronze_id(lake: Settings) -> str:
    return str(open_log(lake, "bronze.tweets").metadata().id)


def make_gold(lake: Settings, tweets: int, of_version: int | None, of_bronze: str = "") -> None:
    """Write the mart with so many tweets at ten, made from this version of bronze."""
    table = TABLES["gold.tweet_metrics"]
    rows = [{"period_hour": TEN, "tweets_per_hour": tweets, "tweets_per_day": tweets}] if tweets else []
    bronze = None if of_version is None else BronzeState(of_bronze or bronze_id(lake), of_version)
    said = {"userMetadata": GoldState("silver.tweets", 1, bronze).to_metadata()}
    write_deltalake(
        table_path(lake, table.name),
        pa.Table.from_pylist(rows, schema=arrow_schema(table)),
        mode="overwrite",
        commit_properties=CommitProperties(custom_metadata=said),
    )


def count_live(lake: Settings, tweets: int, next_version: int | None = None) -> None:
    """Write the live counts, and a checkpoint that has this version before it; none when left out."""
    for name, window in (("live.tweet_counts_hourly", TEN), ("live.tweet_counts_daily", TEN.date())):
        append_rows(lake, name, [{"window_start": window, "lang": "en", "tweets": tweets}])
    if next_version is None:
        return
    checkpoint = Path(lake.checkpoints, "live.tweets_counts")
    offset = {"reservoirId": bronze_id(lake), "reservoirVersion": next_version, "index": -1, "isStartingVersion": False}
    for name, text in {
        "metadata": '{"id": "x"}',
        "offsets/0": f"v1\n{{}}\n{json.dumps(offset)}",
        "commits/0": "v1\n{}",
    }.items():
        file = checkpoint / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def drift(lake: Settings) -> list[tuple[Any, ...]]:
    rows = read(lake, "ops.drift").sort_values("live_table")
    columns = ["live_table", "window_start", "live", "gold", "difference", "gold_version", "recount", "explanation"]
    return list(rows[columns].itertuples(index=False, name=None))


def test_equal_counts_leave_an_empty_table(lake: Settings) -> None:
    land(lake, 0, 1)
    make_gold(lake, 2, 0)
    count_live(lake, 2, 1)
    assert [(r.compared, r.newer_rows, r.unexplained) for r in reconcile(lake)] == [(1, 0, 0)] * 2
    assert read(lake, "ops.drift").empty


def test_a_difference_is_one_row_per_window_with_what_bronze_says(lake: Settings) -> None:
    #  bronze  0: two tweets   1: one more   2: one more;   gold is of 0, live has read 1 and maybe 2
    for offsets in ((0, 1), (2,), (3,)):
        land(lake, *offsets)
    make_gold(lake, 2, 0)
    count_live(lake, 3, 2)
    assert [r.newer_rows for r in reconcile(lake)] == [1, 1]
    midnight = TEN.replace(hour=0)
    assert drift(lake) == [
        ("live.tweet_counts_daily", midnight, 3, 2, 1, 0, 4, "newer rows"),
        ("live.tweet_counts_hourly", TEN, 3, 2, 1, 0, 4, "newer rows"),
    ]


@pytest.mark.parametrize("next_version", [1, None])
def test_a_stream_that_stands_still_or_has_to_begin_anew_is_behind(lake: Settings, next_version: int | None) -> None:
    land(lake, 0, 1)
    land(lake, 2)
    make_gold(lake, 3, 1)
    count_live(lake, 2, next_version)
    assert [r.live_behind for r in reconcile(lake)] == [1, 1]


def test_a_live_count_that_lacks_what_its_query_has_read_is_wrong(lake: Settings) -> None:
    land(lake, 0, 1)
    land(lake, 2)
    make_gold(lake, 3, 1)
    count_live(lake, 1, 1)
    with pytest.raises(DriftError, match=r"2 live counts differ from gold and nothing explains it"):
        reconcile(lake)


def test_gold_that_its_own_version_does_not_give_is_named(lake: Settings) -> None:
    land(lake, 0, 1)
    make_gold(lake, 5, 0)
    count_live(lake, 2, 1)
    with pytest.raises(DriftError) as wrong:
        reconcile(lake)
    assert str(wrong.value).partition("; rebuild")[0] == (
        "2 live counts differ from gold and nothing explains it (2020-03-01 10:00: live.tweet_counts_hourly has 2, "
        "gold.tweet_metrics has 5, bronze gives 2; 2020-03-01 00:00: live.tweet_counts_daily has 2, gold.tweet_metrics "
        "has 5, bronze gives 2)"
    )


def test_a_source_of_which_gold_never_saw_a_row_is_newer_when_it_comes(lake: Settings) -> None:
    land(lake)
    make_gold(lake, 0, None)
    land(lake, 0)
    count_live(lake, 1, 2)
    assert [r.newer_rows for r in reconcile(lake)] == [1, 1]


def test_gold_of_another_bronze_is_refused(lake: Settings) -> None:
    land(lake, 0)
    make_gold(lake, 1, 0, of_bronze="another")
    count_live(lake, 1, 1)
    with pytest.raises(TableError) as refused:
        reconcile(lake)
    assert str(refused.value) == (
        "gold.tweet_metrics does not say which version of bronze.tweets it was made from, or was made from another "
        "table in its place: run `python -m batch clean gold`, then again"
    )
