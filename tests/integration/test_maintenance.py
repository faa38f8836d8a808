"""Maintenance beside a running stream, and in front of a stopped one: no row is lost, no progress either."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from batch.clean import clean
from batch.clean_logs import clean_logs
from batch.compact import SMALL_FILES, compact, count_files
from batch.trim import trim
from batch.vacuum import vacuum
from streaming.app import prepare
from streaming.supervisor import drain
from tests.batch.aging import age, older
from tests.cli.builders import bronze_row
from tests.integration.lakes import own_lake, send, start_stream, stream_now
from tests.integration.recount import assert_conserved, assert_live_counts, read
from tests.integration.test_batch import assert_silver
from tests.integration.test_rebuild_live import sending, stream_ends, wait_for
from tests.integration.test_stream import tweets
from tideline.lake import commit_files, open_log, table_path, was_created
from tideline.rows import append_rows
from tideline.s3_roles import Role, bootstrap
from tideline.settings import Settings
from tideline.storage import open_storage

pytestmark = pytest.mark.integration

BRONZE = "bronze.tweets"


@pytest.mark.long
def test_a_stopped_live_query_and_a_silver_that_is_behind_go_on_after_maintenance_without_a_rebuild(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path)
    send(lake, lake.tweets_topic, tweets(range(100)))
    stream_now(spark, lake, "tweets")
    clean(spark, lake)
    behind = max(commit_files(lake, BRONZE))
    for start in range(100, 1000, 100):
        send(lake, lake.tweets_topic, tweets(range(start, start + 100)))
        drain([query for query in prepare(spark, lake, ("tweets",)) if query.is_bronze], threading.Event(), print)
        if start == 500:
            DeltaTable(table_path(lake, BRONZE)).create_checkpoint()
    compact(spark, lake)
    DeltaTable(table_path(lake, BRONZE)).create_checkpoint()
    age(lake, BRONZE, 30)
    metadata = Path(lake.checkpoints, "live.tweets_counts", "metadata")
    query_id = metadata.read_text()
    for job in (trim, vacuum, clean_logs):
        job(lake)
    assert min(commit_files(lake, BRONZE)) <= behind + 1
    stream_now(spark, lake, "tweets")
    assert not next(c for c in clean(spark, lake) if c.table == "silver.tweets").whole
    assert metadata.read_text() == query_id
    assert_live_counts(lake, "tweets")
    assert_silver(lake, "tweets")
    send(lake, lake.tweets_topic, tweets(range(950, 1100)))
    stream_now(spark, lake, "tweets")
    DeltaTable(table_path(lake, BRONZE)).create_checkpoint()
    age(lake, BRONZE, 30)
    clean(spark, lake)
    for job in (vacuum, clean_logs):
        job(lake)
    assert min(commit_files(lake, BRONZE)) > behind + 1
    stream_now(spark, lake, "tweets")
    assert metadata.read_text() == query_id
    assert_conserved(lake, "tweets", 1150)
    assert_live_counts(lake, "tweets")


def test_beside_a_running_stream_maintenance_loses_nothing(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path, trigger_seconds=0.5)
    send(lake, lake.tweets_topic, tweets(range(100)))
    stream = start_stream(lake, "--sources", "tweets")
    wait_for(lambda: was_created(lake, "live.tweet_counts_daily") and max(commit_files(lake, BRONZE)) > 0)
    with sending(lake, 100) as sent:
        for _ in range(2):
            wait_for(lambda: count_files(lake, BRONZE)[1] >= SMALL_FILES)
            compact(spark, lake)
            for job in (vacuum, clean_logs, trim):
                job(lake)
    operations = [commit["operation"] for commit in open_log(lake, BRONZE).history()]
    assert operations.count("OPTIMIZE") == 2
    records = 100 + (sent[0] - 100) // 20 * 25
    wait_for(lambda: len(read(lake, BRONZE)) == records)
    stream_ends(stream)
    stream_now(spark, lake, "tweets")
    assert_conserved(lake, "tweets", records)
    assert_live_counts(lake, "tweets")


def test_on_s3_maintenance_needs_no_more_rights_than_its_role_has(minio: Settings, tmp_path: Path) -> None:
    lake = replace(minio, warehouse=f"{minio.warehouse}/{tmp_path.name}", checkpoints="")
    for offset in range(4):
        append_rows(lake, BRONZE, [bronze_row("tweets", 0, offset, f"e{offset}")])
    table = open_log(lake, BRONZE)
    table.optimize.compact()
    table.create_checkpoint()
    log = open_storage(lake, table_path(lake, BRONZE))
    for name in commit_files(lake, BRONZE).values():
        log.write(f"_delta_log/{name}", older(log.read(f"_delta_log/{name}"), 30))
    append_rows(lake, "ops.rebuilds", [{"run_id": "old", "rebuilt_at": datetime(2020, 1, 1, tzinfo=UTC)}])
    # A query that reads next what comes after the table's newest version.
    offset = {"reservoirId": table.metadata().id, "reservoirVersion": 5, "index": -1, "isStartingVersion": False}
    progress = open_storage(lake, f"{lake.checkpoints}/live.tweets_counts")
    progress.write("metadata", b"{}")
    progress.write("offsets/0", f"v1\n{{}}\n{json.dumps(offset)}".encode())

    # What a query left whose bronze table was deleted is for the stream to drop: this role may not.
    orphan = open_storage(lake, f"{lake.checkpoints}/live.emissions_counts")
    orphan.write("metadata", b"{}")

    keys = next(k for k in bootstrap(lake, tmp_path) if k.role is Role.MAINTENANCE)
    role = replace(lake, s3_access_key=keys.access_key, s3_secret_key=keys.secret_key)
    (trimmed,), cleaned = trim(role), clean_logs(role)
    assert (trimmed.deleted_rows, cleaned[0].oldest_version) == (1, 4)
    # The store's own clock says that the files are young.
    assert {done.deleted_files for done in vacuum(role)} == {0}
    assert len(read(role, BRONZE)) == 4
    assert orphan.read("metadata") == b"{}"
