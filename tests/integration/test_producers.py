"""Producers against a real broker: nothing missing, nothing doubled without need, whatever ends a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer
from kafka.admin import ConfigResource, NewPartitions

from producers.batches import Batch, Gathering, content_of
from producers.delivery import Delivery
from producers.emission_rows import SyntheticEmissions
from producers.replay import Options, replay_emissions, replay_tweets
from producers.signals import StopSignals
from producers.source import file_source, generated_source
from producers.synthetic import SyntheticTweets
from tests.integration.producing import (
    assert_complete,
    kept_in,
    make_topic,
    record_count,
    start_replay,
    wait_for,
)
from tideline.broker import start_broker, stop_broker
from tideline.errors import DeliveryError, ResumeError
from tideline.kafka_admin import admin_client
from tideline.records import EMISSION_COLUMNS
from tideline.settings import Settings

pytestmark = pytest.mark.integration

SLICE = Path(__file__).parents[1] / "fixtures" / "tweets_slice.tsv"
LINES = 60_000
IN_THE_MIDDLE = ("--rate", "20000/s")
"""So fast that much is under way, and so slow that a kill comes before the end."""


@pytest.fixture(scope="module")
def tweets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tweets") / "full.tsv"
    path.write_bytes(b"".join(SyntheticTweets(LINES, seed=5).chunks()))
    return path


def write_tweets(path: Path, ids: range) -> Path:
    path.write_text("tweet_id\tdate\ttime\n" + "".join(f"{i}\t2020-01-01\t00:00:00\n" for i in ids))
    return path


def one_record(line: int) -> Batch:
    gathering = Gathering(0)
    gathering.add(line, content_of(b"k", b"v", []))
    gathering.close()
    [batch] = gathering.batches
    return batch


def test_real_tweets_arrive_as_their_lines_say(settings: Settings) -> None:
    topic = make_topic(settings)
    sent = replay_tweets(file_source(SLICE), bootstrap=settings.kafka_bootstrap, topic=topic)
    assert (sent.sent, sent.skipped, sent.malformed) == (500, 0, 0)
    kept = {record.line: record for record in kept_in(settings, topic)}
    lines = SLICE.read_text().splitlines()
    assert [(record.key.decode(), *json.loads(record.value).values()) for _, record in sorted(kept.items())] == [
        (line.split("\t")[0], *line.split("\t")) for line in lines[1:]
    ]
    assert json.loads(next(r.value for r in kept.values() if r.key == b"4648163393"))["date"] == ""
    assert {record.headers["source"] for record in kept.values()} == {sent.source.encode()}


def test_other_clients_find_the_same_partition_for_a_key(settings: Settings) -> None:
    from kafka.partitioner import murmur2

    topic = make_topic(settings, partitions=3)
    replay_tweets(file_source(SLICE), bootstrap=settings.kafka_bootstrap, topic=topic)
    kept = kept_in(settings, topic)
    assert [(murmur2(record.key) & 0x7FFFFFFF) % 3 for record in kept] == [record.partition for record in kept]
    assert {record.partition for record in kept} == {0, 1, 2}


def test_a_second_replay_sends_nothing_and_a_resend_everything(settings: Settings, tweets: Path) -> None:
    topic, source = make_topic(settings), file_source(tweets)
    first = replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    second = replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    assert (first.sent, first.skipped, first.malformed) == (LINES, 0, 240)
    assert (second.sent, second.skipped) == (0, LINES)
    again = replay_tweets(
        source, bootstrap=settings.kafka_bootstrap, topic=topic, options=Options(resend=True, limit=20_000)
    )
    assert again.sent == 20_000
    times = assert_complete(kept_in(settings, topic), LINES)
    assert [times[line] for line in (1, 20_000, 20_001, LINES)] == [2, 2, 1, 1]


def test_after_kill_9_a_replay_goes_on_without_a_missing_line(settings: Settings, tweets: Path) -> None:
    topic = make_topic(settings)
    for part in (1, 2):
        process = start_replay(settings, topic, tweets, *IN_THE_MIDDLE)
        goal = part * LINES // 4
        wait_for(lambda goal=goal: record_count(settings, topic) >= goal)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert LINES // 2 <= record_count(settings, topic) < LINES
    process = start_replay(settings, topic, tweets)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "skipped that were there already" in said
    times = assert_complete(kept_in(settings, topic), LINES)
    # Only what was on its way at a kill may be doubled: at most one batch per partition.
    assert sum(times.values()) - LINES < 2 * 2 * 2_000


@pytest.mark.parametrize("speed", [IN_THE_MIDDLE, ("--rate", "2000/s")])
def test_sigterm_delivers_what_was_sent_and_the_next_run_goes_on(
    settings: Settings, tweets: Path, speed: tuple[str, ...]
) -> None:
    topic = make_topic(settings)
    process = start_replay(settings, topic, tweets, *speed)
    wait_for(lambda: record_count(settings, topic) > 1_000)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "stopped by a signal: the same command goes on from here" in said
    stopped_at = record_count(settings, topic)
    assert said.startswith(f"{stopped_at:,} records sent")
    rest = replay_tweets(file_source(tweets), bootstrap=settings.kafka_bootstrap, topic=topic)
    assert (rest.skipped, rest.sent) == (stopped_at, LINES - stopped_at)
    assert set(assert_complete(kept_in(settings, topic), LINES).values()) == {1}


def test_a_changed_partition_count_is_refused(settings: Settings, tmp_path: Path) -> None:
    topic, path = make_topic(settings), write_tweets(tmp_path / "t.tsv", range(1, 301))
    source = file_source(path)
    replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic, options=Options(limit=200))
    with admin_client(settings.kafka_bootstrap) as client:
        client.create_partitions({topic: NewPartitions(3)})
    wait_for(lambda: len({*_partitions(settings, topic)}) == 3)
    with pytest.raises(ResumeError) as caught:
        replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    text = str(caught.value)
    assert text.startswith(f"cannot resume {path}: line ")
    assert f"of topic {topic}, but with its 3 partitions the key belongs in " in text
    assert "send everything again with --resend" in text
    assert record_count(settings, topic) == 200
    sent = replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic, options=Options(resend=True))
    assert sent.sent == 300


def _partitions(settings: Settings, topic: str) -> set[int]:
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False, group_id=None)
    found: set[int] = consumer.partitions_for_topic(topic) or set()
    consumer.close()
    return found


def test_a_limit_counts_what_is_sent_and_the_next_run_goes_on(settings: Settings) -> None:
    topic, source = make_topic(settings), file_source(SLICE)
    runs = [
        replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic, options=Options(limit=30)) for _ in "123"
    ]
    assert [run.sent for run in runs] == [30, 30, 30]
    assert sorted(record.line for record in kept_in(settings, topic)) == list(range(1, 91))


def test_records_beyond_the_bound_are_sent_again_and_it_says_so(settings: Settings, tmp_path: Path) -> None:
    topic, source = make_topic(settings, partitions=1), file_source(SLICE)
    other = file_source(write_tweets(tmp_path / "other.tsv", range(1, 401)))
    for each in (source, other):
        replay_tweets(each, bootstrap=settings.kafka_bootstrap, topic=topic)
    sent = replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic, options=Options(scan_bound=100))
    assert (sent.sent, sent.skipped) == (500, 0)
    assert sent.notes == [
        f"the newest 100 records of each partition of topic {topic} do not tell how far {SLICE} was sent before: "
        "what they do not show is sent (the lake counts each event once)"
    ]
    found = replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    assert (found.sent, found.skipped) == (0, 500)


def test_a_refused_record_stops_the_run_without_a_gap(settings: Settings, tmp_path: Path) -> None:
    topic = make_topic(settings, max_message_bytes="20000")
    path = tmp_path / "t.tsv"
    rows = [f"{i}\t2020-01-01\t00:00:00" for i in range(1, 20_001)]
    rows[9_999] += "x" * 30_000
    path.write_text("tweet_id\tdate\ttime\n" + "\n".join(rows))
    source = file_source(path)
    with pytest.raises(DeliveryError) as caught:
        replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    text = str(caught.value)
    assert text.startswith(
        f"line 10000 of {path} was not delivered to topic {topic} at {settings.kafka_bootstrap}: MessageSizeTooLarge"
    )
    kept = kept_in(settings, topic)
    refused = next(partition for partition in (0, 1) if b"10000" in partition_keys(partition, 20_000))
    assert max(record.line for record in kept if record.partition == refused) < 10_000
    for partition in (0, 1):
        lines = [record.line for record in kept if record.partition == partition]
        keys = partition_keys(partition, 20_000)
        assert [str(line).encode() for line in lines] == keys[: len(lines)]
    with admin_client(settings.kafka_bootstrap) as client:
        client.alter_configs([ConfigResource("TOPIC", topic, {"max.message.bytes": "100000"})])
    sent = replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    assert sent.sent + sent.skipped == 20_000
    assert set(assert_complete(kept_in(settings, topic), 20_000).values()) == {1}


def partition_keys(partition: int, ids: int) -> list[bytes]:
    from producers.partition import partition_of

    return [key for key in (str(i).encode() for i in range(1, ids + 1)) if partition_of(key, 2) == partition]


def test_a_line_longer_than_kafka_takes_arrives_cut_and_marked(settings: Settings, tmp_path: Path) -> None:
    topic, path = make_topic(settings), tmp_path / "t.tsv"
    path.write_bytes(b"tweet_id\tdate\ttime\n1\t2\t3\n" + b"y" * 3_000_000 + b"\n4\t5\t6\n")
    sent = replay_tweets(file_source(path), bootstrap=settings.kafka_bootstrap, topic=topic)
    assert (sent.sent, sent.malformed) == (3, 1)
    long = next(record for record in kept_in(settings, topic) if record.line == 2)
    assert long.value == b"y" * 1_000_000
    assert (long.headers["raw"], long.headers["truncated"]) == (b"1", b"3000000")


def test_standard_input_is_sent_again_each_time_and_says_so(settings: Settings) -> None:
    topic = make_topic(settings)
    for _ in range(2):
        with SLICE.open() as lines:
            done = subprocess.run(
                [sys.executable, "-m", "producers", "tweets", "--input", "-", "--topic", topic],
                env=os.environ | settings.variables(),
                stdin=lines,
                stderr=subprocess.PIPE,
                text=True,
                check=True,
            )
        assert f"standard input cannot be resumed: all of it is sent, whatever topic {topic} holds" in done.stderr
    assert record_count(settings, topic) == 1_000


def test_the_rate_is_kept(settings: Settings) -> None:
    topic, began = make_topic(settings), time.monotonic()
    replay_tweets(
        file_source(SLICE), bootstrap=settings.kafka_bootstrap, topic=topic, options=Options(rate=400, limit=500)
    )
    assert 499 / 400 <= time.monotonic() - began < 10


def test_generated_emissions_arrive_and_the_same_run_comes_once(settings: Settings) -> None:
    topic, run = make_topic(settings), SyntheticEmissions(1_000, seed=2)
    source = generated_source(run.planted.run, run.chunks)
    sent = replay_emissions(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    again = replay_emissions(source, bootstrap=settings.kafka_bootstrap, topic=topic)
    assert (sent.sent, again.sent, again.skipped) == (1_000, 0, 1_000)
    kept = sorted(kept_in(settings, topic), key=lambda record: record.line)
    assert [tuple(json.loads(record.value).values()) for record in kept] == list(run.rows())
    assert list(json.loads(kept[0].value)) == list(EMISSION_COLUMNS)
    assert [record.headers["event_id"].decode() for record in kept] == [
        f"{run.planted.run}:{row}" for row in range(1, 1_001)
    ]


def test_a_broker_that_falls_silent_is_an_error_and_not_a_wait_for_ever(own_settings: Settings) -> None:
    start_broker(own_settings)
    topic = make_topic(own_settings)
    delivery = Delivery(own_settings.kafka_bootstrap, topic, "full.tsv", StopSignals(), patience=2)
    delivery.send(one_record(line=1))
    delivery.finish()
    stop_broker(own_settings)
    delivery.send(one_record(line=2))
    with pytest.raises(DeliveryError) as caught:
        delivery.finish()
    delivery.close()
    assert str(caught.value) == (
        f"Kafka at {own_settings.kafka_bootstrap} has not confirmed line 2 of full.tsv for topic {topic} "
        "in time; when it is well, run the same command again"
    )


def test_a_generator_without_an_end_goes_on_in_its_newest_run_after_a_kill(settings: Settings) -> None:
    topic, lines = make_topic(settings), 400
    command = [sys.executable, "-m", "producers", "tweets", "--synthetic", str(lines), "--endless", "--topic", topic]
    for end, goal in ((signal.SIGKILL, 2 * lines + 100), (signal.SIGTERM, 4 * lines + 100)):
        environment = os.environ | settings.variables()
        process = subprocess.Popen([*command, "--rate", "1000/s"], env=environment, stderr=subprocess.PIPE, text=True)
        wait_for(lambda goal=goal: record_count(settings, topic) >= goal)
        process.send_signal(end)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    # Runs that the topic holds whole are not gone through again.
    assert not said.startswith("0 records sent")
    kept = kept_in(settings, topic)
    runs = [SyntheticTweets(lines, seed).planted.run for seed in range(1, 20)]
    sources = [run for run in runs if any(record.headers["source"] == run.encode() for record in kept)]
    assert sources == runs[: len(sources)]
    assert len(sources) >= 5
    for run in sources[:-1]:
        assert_complete([record for record in kept if record.headers["source"] == run.encode()], lines)
