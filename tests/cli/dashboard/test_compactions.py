from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.dashboard import compactions
from cli.dashboard.compactions import Compactions
from cli.dashboard.live_lake import LiveLake
from tests.cli.builders import Write, bronze_row
from tideline.lake import open_log
from tideline.settings import Settings

LONG_AGO = timedelta(minutes=5)


def append(write: Write, name: str, first: int, commits: int) -> None:
    for offset in range(first, first + commits):
        row: dict[str, Any] = bronze_row("tweets", 0, offset, str(offset)) if name == "bronze.tweets" else {"tweets": 1}
        write(name, [row])


@pytest.mark.parametrize("name", ["bronze.tweets", "live.tweet_counts_daily"])
def test_the_newest_compaction_is_found_in_the_log(settings: Settings, write: Write, name: str) -> None:
    append(write, name, 0, 3)
    assert Compactions().last(LiveLake(settings), name) is None
    open_log(settings, name).optimize.compact()
    append(write, name, 3, 2)
    found = Compactions().last(LiveLake(settings), name)
    assert found is not None
    assert datetime.now(UTC) - found < LONG_AGO


def test_a_compaction_is_remembered_while_new_commits_follow_it(
    settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compactions, "LOOK_BACK", 1)
    known, lake = Compactions(), LiveLake(settings)
    append(write, "bronze.tweets", 0, 2)
    open_log(settings, "bronze.tweets").optimize.compact()
    found = known.last(lake, "bronze.tweets")
    append(write, "bronze.tweets", 2, 2)
    lake._held.clear()
    assert found is not None
    assert known.last(lake, "bronze.tweets") == found
    assert Compactions().last(lake, "bronze.tweets") is None


def test_bronze_remembers_a_compaction_that_lies_further_back_than_is_looked(
    settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint is as Spark writes it, cut down to what counts here; deltalake's own lack the removals."""
    monkeypatch.setattr(compactions, "LOOK_BACK", 1)
    append(write, "bronze.tweets", 0, 2)
    lake = LiveLake(settings)
    lake.log("bronze.tweets")
    removed = [None, {"path": "a", "deletionTimestamp": 1_709_294_400_000}, {"path": "b", "deletionTimestamp": 7}]
    log = Path(lake.path("bronze.tweets")) / "_delta_log"
    pq.write_table(pa.table({"remove": removed}), log / f"{0:020}.checkpoint.parquet")
    (log / "_last_checkpoint").write_text('{"version": 0}')
    assert Compactions().last(lake, "bronze.tweets") == datetime(2024, 3, 1, 12, tzinfo=UTC)


def test_a_missing_table_was_never_compacted(settings: Settings) -> None:
    assert Compactions().last(LiveLake(settings), "bronze.tweets") is None
