"""Vacuum, log clean-up and trimming, on tables that ``deltalake`` makes: what is old goes, what is needed stays."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from batch.clean_logs import CleanedLog, clean_logs
from batch.log import newest_state
from batch.trim import trim
from batch.vacuum import RETENTION, Vacuumed, vacuum
from tests.batch.aging import age
from tests.cli.builders import bronze_row, write_rows
from tideline.errors import SettingsError
from tideline.lake import commit_files, table_path
from tideline.schemas import TABLES
from tideline.settings import Settings

BRONZE, LIVE, SILVER = "bronze.tweets", "live.tweet_counts_hourly", "silver.tweets"
HOUR = datetime(2020, 3, 1, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def commit(settings: Settings, versions: int) -> None:
    """Append to bronze, one version each."""
    for number in range(versions):
        write_rows(settings, BRONZE, [bronze_row("tweets", 0, number, f"e{number}")])


def compact(settings: Settings, name: str) -> None:
    DeltaTable(table_path(settings, name)).optimize.compact()


def checkpoint_delta(settings: Settings, name: str) -> None:
    DeltaTable(table_path(settings, name)).create_checkpoint()


def put_reader(settings: Settings, query: str, *versions: int) -> None:
    """A live query whose batches, all done, ended before these versions."""
    folder = Path(settings.checkpoints, query)
    bronze = newest_state(settings, BRONZE).bronze_id
    texts = {"metadata": "{}"}
    for batch, version in enumerate(versions):
        offset = {"reservoirId": bronze, "reservoirVersion": version, "index": -1, "isStartingVersion": False}
        texts |= {f"offsets/{batch}": f"v1\n{{}}\n{json.dumps(offset)}", f"commits/{batch}": "v1\n{}"}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def files(settings: Settings, name: str) -> set[str]:
    return {file.name for file in Path(table_path(settings, name)).glob("*.parquet")}


def only(results: list[Any], **wanted: str) -> Any:
    (found,) = [r for r in results if all(getattr(r, field) == value for field, value in wanted.items())]
    return found


def test_vacuum_deletes_what_was_replaced_or_never_committed_once_it_is_older_than_the_retention(
    settings: Settings,
) -> None:
    commit(settings, 3)
    replaced = files(settings, BRONZE)
    compact(settings, BRONZE)
    folder = Path(table_path(settings, BRONZE))
    (folder / "part-never-committed.parquet").write_bytes(b"x")
    for file in replaced:
        (folder / f".{file}.crc").write_bytes(b"checksum")
    age(settings, BRONZE, 6.9)
    (folder / "part-being-written.parquet").write_bytes(b"x")
    assert vacuum(settings) == [Vacuumed(BRONZE, 0)]
    age(settings, BRONZE, 0.2)
    (folder / "part-being-written.parquet").touch()
    assert vacuum(settings) == [Vacuumed(BRONZE, 4)]
    assert len(DeltaTable(str(folder)).to_pandas()) == 3
    left = {file.name for file in folder.iterdir()} - {"_delta_log"}
    assert len(left) == 2
    assert "part-being-written.parquet" in left


def test_vacuum_leaves_alone_what_a_stopped_reader_has_still_to_read(settings: Settings) -> None:
    commit(settings, 3)
    compact(settings, BRONZE)
    age(settings, BRONZE, 8)
    put_reader(settings, "live.tweets_counts", 2)
    assert vacuum(settings) == [Vacuumed(BRONZE, 0, left_to="live.tweets_counts, at version 2")]
    # What comes next for it is the compaction, which brings no rows.
    put_reader(settings, "live.tweets_counts", 3)
    assert vacuum(settings) == [Vacuumed(BRONZE, 3)]


def test_two_maintenances_at_once_delete_the_same(settings: Settings) -> None:
    commit(settings, 5)
    checkpoint_delta(settings, BRONZE)
    for _ in range(2):
        commit(settings, 5)
        compact(settings, BRONZE)
    old = {"run_id": "old", "rebuilt_at": datetime(2020, 1, 1, tzinfo=UTC)}
    for _ in range(5):
        write_rows(settings, "ops.rebuilds", [old])
    age(settings, BRONZE, 10)
    with ThreadPoolExecutor(2) as pool:
        for job in (trim, vacuum, clean_logs):
            list(pool.map(lambda _: job(settings), range(2)))  # noqa: B023
    assert DeltaTable(table_path(settings, "ops.rebuilds")).count() == 0
    assert len(DeltaTable(table_path(settings, BRONZE)).to_pandas()) == 15
    assert len(files(settings, BRONZE)) == DeltaTable(table_path(settings, BRONZE)).get_add_actions().num_rows
    assert min(commit_files(settings, BRONZE)) == 4


def test_a_longer_retention_becomes_the_tables_own_and_a_table_keeps_a_longer_one_of_its_own(
    settings: Settings,
) -> None:
    commit(settings, 2)
    compact(settings, BRONZE)
    longer = replace(settings, retention_days=14)
    age(settings, BRONZE, 10)
    assert vacuum(longer) == [Vacuumed(BRONZE, 0)]
    table = DeltaTable(table_path(settings, BRONZE))
    assert table.metadata().configuration[RETENTION] == "interval 14 days"
    assert vacuum(settings) == [Vacuumed(BRONZE, 0)]
    age(settings, BRONZE, 5)
    assert vacuum(settings) == [Vacuumed(BRONZE, 2)]


def test_a_retention_below_what_delta_asks_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings(home=tmp_path, retention_days=6)
    assert str(refusal.value) == "TIDELINE_RETENTION_DAYS must be at least 7, what Delta itself asks for, got 6"


def test_a_log_is_cleaned_up_to_the_newest_checkpoint_that_is_old_enough(settings: Settings) -> None:
    for _ in range(3):
        commit(settings, 4)
        checkpoint_delta(settings, BRONZE)
        age(settings, BRONZE, 5)
    # 0…3 are 15 days old and end in a checkpoint, 4…7 are 10 days old, 8…11 five.
    assert only(clean_logs(settings), log=BRONZE) == CleanedLog(BRONZE, 8, 7)
    assert sorted(commit_files(settings, BRONZE)) == [7, 8, 9, 10, 11]
    assert len(DeltaTable(table_path(settings, BRONZE)).to_pandas()) == 12
    assert len(DeltaTable(table_path(settings, BRONZE), version=7).to_pandas()) == 8
    assert only(clean_logs(settings), log=BRONZE) == CleanedLog(BRONZE, 0, 7)


@pytest.mark.parametrize(
    ("batches", "oldest", "held_by"),
    [
        ([4], 3, "live.tweets_counts, from version 3 on"),
        ([3], 0, "live.tweets_counts, from version 2 on"),
        ([1, 3, 12], 3, "live.tweets_counts, from version 3 on"),
        ([3, 11, 12], 11, ""),
    ],
    ids=["its first snapshot", "before the first checkpoint", "its newest batch is planned again", "at the end"],
)
def test_a_log_is_never_cleaned_past_the_slowest_live_query(
    settings: Settings, batches: list[int], oldest: int, held_by: str
) -> None:
    for _ in range(3):
        commit(settings, 4)
        checkpoint_delta(settings, BRONZE)
    age(settings, BRONZE, 30)
    put_reader(settings, "live.tweets_counts", *batches)
    assert only(clean_logs(settings), log=BRONZE).held_by == held_by
    assert min(commit_files(settings, BRONZE)) == oldest


def test_a_log_is_never_cleaned_past_what_silver_has_read(settings: Settings) -> None:
    for _ in range(2):
        commit(settings, 4)
        checkpoint_delta(settings, BRONZE)
        write_rows(settings, SILVER, [{"event_id": "e"}])
    state = replace(newest_state(settings, BRONZE), bronze_version=3)
    table = Path(table_path(settings, SILVER), "_delta_log", f"{1:020}.json")
    actions = [json.loads(line) for line in table.read_text().splitlines()]
    info = next(action["commitInfo"] for action in actions if "commitInfo" in action)
    info["userMetadata"] = state.to_metadata()
    table.write_text("\n".join(json.dumps(action) for action in actions))
    age(settings, BRONZE, 30)
    assert only(clean_logs(settings), log=BRONZE) == CleanedLog(BRONZE, 3, 3, "silver.tweets, from version 3 on")


def test_live_logs_are_cleaned_too_and_the_checkpoint_of_a_deleted_table_goes(settings: Settings) -> None:
    commit(settings, 1)
    for count in range(4):
        write_rows(settings, LIVE, [{"window_start": HOUR, "tweets": count}])
    checkpoint_delta(settings, LIVE)
    age(settings, LIVE, 8)
    put_reader(settings, "live.emissions_counts", 1)
    put_reader(settings, "live.tweets_counts", 1)
    cleaned = clean_logs(settings)
    assert only(cleaned, log=LIVE) == CleanedLog(LIVE, 3, 3)
    checkpoints = sorted(folder.name for folder in Path(settings.checkpoints).iterdir())
    assert checkpoints == ["live.emissions_counts", "live.tweets_counts"]


def test_ops_rows_older_than_the_setting_go_and_without_any_there_is_no_commit(settings: Settings) -> None:
    now = datetime.now(UTC)
    for days in (1, 89, 91, 400):
        write_rows(settings, "ops.rebuilds", [{"run_id": f"{days} days", "rebuilt_at": now - timedelta(days=days)}])
    assert only(trim(settings), table="ops.rebuilds").deleted_rows == 2
    table = DeltaTable(table_path(settings, "ops.rebuilds"))
    assert sorted(table.to_pandas().run_id) == ["1 days", "89 days"]
    assert only(trim(settings), table="ops.rebuilds").deleted_rows == 0
    assert DeltaTable(table_path(settings, "ops.rebuilds")).version() == table.version()
    assert trim(replace(settings, ops_days=10))[0].deleted_rows == 1


def test_every_ops_table_says_when_its_rows_were_written() -> None:
    ops = [table for table in TABLES.values() if table.schema == "ops"]
    assert [t.name for t in ops if "timestamp" not in {column.type for column in t.columns}] == []


def test_an_empty_lake_needs_no_upkeep(settings: Settings) -> None:
    assert (trim(settings), vacuum(settings), clean_logs(settings)) == ([], [], [])
