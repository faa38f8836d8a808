"""Kafka killed and started again: under the stream, and in the middle of a replay."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psutil
import pytest
from deltalake import DeltaTable

from producers.synthetic import SyntheticTweets
from tests.integration.lakes import own_lake, send, start_stream
from tests.integration.producing import kept_in, record_count, start_replay, wait_for
from tests.integration.recount import assert_conserved, assert_live_counts
from tests.integration.test_stream import tweets
from tideline.broker import broker_status, start_broker
from tideline.lake import table_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration

DOWN_SECONDS = 3
LINES = 20_000


def kill_broker(settings: Settings) -> None:
    process = psutil.Process(broker_status(settings).pid)
    process.kill()
    process.wait()


def bronze_rows(settings: Settings) -> int:
    path = table_path(settings, "bronze.tweets")
    return DeltaTable(path).count() if DeltaTable.is_deltatable(path) else 0


def test_stream_and_replay_go_on_when_a_killed_broker_is_back(own_settings: Settings, tmp_path: Path) -> None:
    start_broker(own_settings)
    lake = own_lake(own_settings, own_settings.home, trigger_seconds=0.5)
    send(lake, lake.tweets_topic, tweets(range(300)))
    stream = start_stream(lake, "--sources", "tweets")
    wait_for(lambda: bronze_rows(lake) == 300, 120)

    file = tmp_path / "tweets.tsv"
    file.write_bytes(b"".join(SyntheticTweets(LINES, seed=3).chunks()))
    replay = start_replay(lake, lake.tweets_topic, file, "--rate", "2500/s")
    wait_for(lambda: record_count(lake, lake.tweets_topic) > 3000)
    kill_broker(own_settings)
    time.sleep(DOWN_SECONDS)
    start_broker(own_settings)

    _, said = replay.communicate(timeout=120)
    assert replay.returncode == 0, said
    kept = kept_in(lake, lake.tweets_topic)
    lines = [int(record.headers["line"]) for record in kept if "line" in record.headers]
    assert sorted(set(lines)) == list(range(1, LINES + 1))
    wait_for(lambda: bronze_rows(lake) == len(kept), 120)
    stream.send_signal(signal.SIGTERM)
    _, said = stream.communicate(timeout=120)
    assert stream.returncode == 0, said
    assert_conserved(lake, "tweets", len(kept))
    assert_live_counts(lake, "tweets")
