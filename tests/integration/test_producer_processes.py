"""Several processes for one file: the same records in the same order, and the same recovery, whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from producers.replay import Options, Sent, replay_tweets
from producers.source import file_source
from producers.synthetic import SyntheticTweets
from tests.integration.producing import Kept, assert_complete, kept_in, make_topic, record_count, start_replay, wait_for
from tideline.settings import Settings

pytestmark = pytest.mark.integration

LINES = 60_000
PROCESSES = 3


@pytest.fixture(scope="module")
def tweets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tweets") / "full.tsv"
    path.write_bytes(b"".join(SyntheticTweets(LINES, seed=6).chunks()))
    return path


def replay(settings: Settings, topic: str, path: Path, processes: int, limit: int | None = None) -> Sent:
    options = Options(processes=processes, limit=limit)
    return replay_tweets(file_source(path), bootstrap=settings.kafka_bootstrap, topic=topic, options=options)


def in_order(kept: list[Kept]) -> list[list[Kept]]:
    return [list(records) for _, records in groupby(kept, key=lambda record: record.partition)]


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def start_in_the_middle(
    settings: Settings, topic: str, tweets: Path
) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A replay that has sent a part of the file, and its workers."""
    begin = record_count(settings, topic)
    process = start_replay(settings, topic, tweets, "--processes", str(PROCESSES), "--rate", "20000/s")
    wait_for(lambda: record_count(settings, topic) >= begin + LINES // 6)
    workers = workers_of(process)
    assert len(workers) == PROCESSES
    return process, workers


def assert_all_ended(workers: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert alive == []


def test_several_processes_send_what_one_sends_in_the_same_order(settings: Settings, tweets: Path) -> None:
    one, several = make_topic(settings, partitions=3), make_topic(settings, partitions=3)
    alone = replay(settings, one, tweets, 1)
    portion = replay(settings, several, tweets, PROCESSES, limit=12_345)
    rest = replay(settings, several, tweets, PROCESSES)
    assert (alone.sent, portion.sent, rest.sent, rest.skipped) == (LINES, 12_345, LINES - 12_345, 12_345)
    assert alone.malformed == portion.malformed + rest.malformed == 240
    kept = kept_in(settings, one)
    assert in_order(kept_in(settings, several)) == in_order(kept)
    assert sorted(record.line for record in kept) == list(range(1, LINES + 1))
    for records in in_order(kept):
        assert [record.line for record in records] == sorted(record.line for record in records)


def test_after_any_process_was_killed_a_replay_goes_on_without_a_missing_line(settings: Settings, tweets: Path) -> None:
    topic = make_topic(settings)
    process, workers = start_in_the_middle(settings, topic, tweets)
    workers[1].kill()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == (
        f"error: process {workers[1].pid}, which packed records for this one, ended by SIGKILL; nothing is lost: "
        "run the same command again, and it goes on where the topic ends\n"
    )
    assert_all_ended(workers)
    process, workers = start_in_the_middle(settings, topic, tweets)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert_all_ended(workers)
    assert record_count(settings, topic) < LINES
    last = replay(settings, topic, tweets, PROCESSES)
    assert last.sent + last.skipped == LINES
    assert last.skipped >= LINES // 3
    times = assert_complete(kept_in(settings, topic), LINES)
    # Only what was on its way may be doubled: one batch per partition each time.
    assert sum(times.values()) - LINES < 2 * 2 * 2_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_delivers_what_was_sent_and_leaves_no_process(
    settings: Settings, tweets: Path, number: signal.Signals
) -> None:
    topic = make_topic(settings)
    process, workers = start_in_the_middle(settings, topic, tweets)
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert_all_ended(workers)
    stopped_at = record_count(settings, topic)
    assert said.startswith(f"{stopped_at:,} records sent")
    assert "stopped by a signal: the same command goes on from here" in said
    rest = replay(settings, topic, tweets, PROCESSES)
    assert (rest.skipped, rest.sent) == (stopped_at, LINES - stopped_at)
    assert set(assert_complete(kept_in(settings, topic), LINES).values()) == {1}


def test_standard_input_is_packed_by_several_processes_as_it_comes(settings: Settings, tweets: Path) -> None:
    topic, lines = make_topic(settings), tweets.read_bytes().splitlines(keepends=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "producers", "tweets", "--input", "-", "--topic", topic, "--processes", "2"],
        env=os.environ | settings.variables(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    for low, high in ((0, 101), (101, 2_001)):
        process.stdin.write(b"".join(lines[low:high]))
        process.stdin.flush()
        # The pipe stays open: nothing waits for what comes next.
        wait_for(lambda high=high: record_count(settings, topic) == high - 1)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"standard input cannot be resumed" in said
    assert sorted(record.line for record in kept_in(settings, topic)) == list(range(1, 2_001))
