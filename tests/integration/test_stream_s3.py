"""The stream on S3 with no more rights than its role has: killed, and deprived of its checkpoints; the same counts."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.integration.lakes import own_s3_lake, send, start_stream
from tests.integration.recount import assert_conserved, assert_live_counts, read
from tests.integration.test_stream import tweets, wait_for_version
from tideline.s3_roles import Role, bootstrap
from tideline.settings import Settings
from tideline.storage import open_storage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

STREAM = ("--sources", "tweets")


def test_killed_and_deprived_of_its_checkpoints_the_stream_goes_on_without_loss_or_double(
    settings: Settings, minio: Settings, tmp_path: Path
) -> None:
    lake = own_s3_lake(settings, minio, tmp_path, trigger_seconds=0.5, batch_records=200)
    keys = next(k for k in bootstrap(lake, tmp_path) if k.role is Role.STREAM)
    as_stream = replace(lake, s3_access_key=keys.access_key, s3_secret_key=keys.secret_key)
    send(lake, lake.tweets_topic, tweets(range(2000)))
    stream = start_stream(as_stream, *STREAM)
    wait_for_version(lake, "bronze.tweets", 3)
    assert_no_secret_in_command_lines(stream.pid, as_stream)
    time.sleep(1)
    stream.kill()
    stream.wait()

    checkpoints = open_storage(lake, lake.checkpoints)
    checkpoints.drop("bronze.tweets")
    checkpoints.drop("live.tweets_counts", ("metadata",))
    send(lake, lake.tweets_topic, tweets(range(1900, 2200)))
    stream = start_stream(as_stream, *STREAM, "--available-now")
    _, said = stream.communicate(timeout=300)
    assert stream.returncode == 0, said
    assert "to see whether it still is" in said
    assert "AccessDenied" not in said
    assert_conserved(lake, "tweets", 2300)
    assert_live_counts(lake, "tweets")
    # Written by the role itself. What the killed stream had gathered went with it.
    progress = read(lake, "ops.progress")
    assert set(progress["query"]) == {"bronze.tweets", "live.tweets_counts"}


@pytest.mark.long
def test_checkpoints_may_lie_in_a_folder_beside_tables_on_s3(
    settings: Settings, minio: Settings, tmp_path: Path
) -> None:
    checkpoints = tmp_path / "checkpoints"
    lake = own_s3_lake(settings, minio, tmp_path, checkpoints=str(checkpoints))
    for start in (0, 100):
        send(lake, lake.tweets_topic, tweets(range(start, start + 150)))
        stream = start_stream(lake, *STREAM, "--available-now")
        _, said = stream.communicate(timeout=300)
        assert stream.returncode == 0, said
    assert_conserved(lake, "tweets", 300)
    assert_live_counts(lake, "tweets")
    assert {path.name for path in checkpoints.iterdir() if path.is_dir()} >= {"bronze.tweets", "live.tweets_counts"}


def assert_no_secret_in_command_lines(pid: int, lake: Settings) -> None:
    """Neither the stream nor its JVM shows the store's secret to a process list."""
    commands = []
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        with suppress(psutil.Error):  # some end at once
            commands.append(" ".join(process.cmdline()))
    assert any("org.apache.spark" in command for command in commands)
    assert not any(lake.s3_secret_key in command for command in commands)
