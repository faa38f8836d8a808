"""The stream against a real broker: every order, every crash, the same counts."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient
from pyspark.sql import SparkSession

from tests.integration.lakes import Record, own_lake, send, start_stream, stream_now
from tests.integration.recount import assert_conserved, assert_live_counts, read
from tests.streaming.builders import emission, tweet
from tests.streaming.test_metrics import free_port, scrape
from tideline.errors import CheckpointError
from tideline.lake import commit_files
from tideline.settings import Settings
from tideline.topics import create_topics

pytestmark = pytest.mark.integration


def tweets(numbers: range, **fields: object) -> list[Record]:
    """Tweets spread over hours, days and languages."""
    records = []
    for n in numbers:
        time_of_day = f"{n * 7 % 24:02}:{n % 60:02}:00"
        fields = {"lang": ("en", "fr", None)[n % 3], "country_code": ("US", "")[n % 2]} | fields
        value = tweet(tweet_id=str(n + 1), date=f"2020-03-{n % 28 + 1:02}", time=time_of_day, **fields)
        records.append((str(n + 1).encode(), value, [("event_id", str(n + 1).encode())]))
    return records


def emissions(numbers: range) -> list[Record]:
    """Emission rows of two domains; every hundredth is far above its domain."""
    records = []
    for n in numbers:
        part = (1 + n % 7 / 10) * (1000 if n % 100 == 99 else 1)
        fields = {"domain": f"domain-{n % 2}.org", "country": ("FR", "DE")[n % 2], "device": ("ctv", "")[n % 2]}
        values = dict.fromkeys(("adSelectionEmissions", "creativeDistributionEmissions"), f"{part:.4f}")
        total = f"{3 * part:.4f}"
        value = emission(**fields, **values, mediaDistributionEmissions=f"{part:.4f}", totalEmissions=total)
        key = f"run:{n}".encode()
        records.append((key, value, [("event_id", key)]))
    return records


def test_shuffled_doubled_and_resent_records_are_counted_once(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path)
    sent = tweets(range(2000))
    random.Random(1).shuffle(sent)
    broken = [(b"x", b"1\t2", [("raw", b"1")])]
    send(lake, lake.tweets_topic, [*sent[:1500], *sent[:300], *broken])
    stream_now(spark, lake, "tweets")
    send(lake, lake.tweets_topic, [*sent, *broken])
    stream_now(spark, lake, "tweets")
    assert_conserved(lake, "tweets", 3802)
    assert_live_counts(lake, "tweets")
    assert read(lake, "live.tweet_counts_hourly").tweets.sum() == 2000


@pytest.mark.long
def test_flags_are_the_same_however_the_stream_is_cut(spark: SparkSession, settings: Settings, tmp_path: Path) -> None:
    lake = own_lake(settings, tmp_path)
    for start in range(0, 600, 60):
        send(lake, lake.emissions_topic, emissions(range(start, start + 60)))
        if start % 120 == 0:
            stream_now(spark, lake, "emissions")
    send(lake, lake.emissions_topic, emissions(range(100)))
    stream_now(spark, lake, "emissions")
    in_pieces = read(lake, "live.anomalies").sort_values(["rule", "event_id"]).to_dict("records")
    assert_conserved(lake, "emissions", 700)
    assert_live_counts(lake, "emissions")
    shutil.rmtree(lake.checkpoints)
    stream_now(spark, lake, "emissions")
    assert_conserved(lake, "emissions", 700)
    assert_live_counts(lake, "emissions")
    at_once = read(lake, "live.anomalies").sort_values(["rule", "event_id"]).to_dict("records")
    assert in_pieces == at_once
    assert {row["event_id"] for row in at_once} == {f"run:{n}" for n in range(99, 600, 100)}


@pytest.mark.parametrize("kills", [(1.5,), pytest.param((0.2, 1.0, 2.5, 4.0), marks=pytest.mark.long)])
def test_the_stream_killed_at_any_moment_goes_on_without_loss_or_double(
    settings: Settings, tmp_path: Path, kills: tuple[float, ...]
) -> None:
    lake = own_lake(settings, tmp_path, trigger_seconds=0.5, batch_records=400)
    send(lake, lake.tweets_topic, tweets(range(6000)))
    for seconds in kills:
        stream = start_stream(lake, "--sources", "tweets")
        wait_for_version(lake, "bronze.tweets")
        time.sleep(seconds)
        stream.kill()
        stream.wait()
        send(lake, lake.tweets_topic, tweets(range(500)))
    last = start_stream(lake, "--sources", "tweets", "--available-now")
    assert last.wait(180) == 0, last.stderr.read() if last.stderr else ""
    assert_conserved(lake, "tweets", 6000 + 500 * len(kills))
    assert_live_counts(lake, "tweets")


def test_a_second_stream_on_a_table_is_refused_and_sigterm_ends_the_first_cleanly(
    settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path, metrics_port=free_port())
    broken = [(b"x", b"1\t2", [("raw", b"1")])]
    send(lake, lake.tweets_topic, [*tweets(range(100)), *broken])
    first = start_stream(lake, "--sources", "tweets")
    wait_for_version(lake, "bronze.tweets")
    assert_served(lake)
    second = start_stream(lake, "--sources", "tweets")
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"is being written by the stream with process id {first.pid}; stop that one first" in said
    first.send_signal(signal.SIGTERM)
    _, said = first.communicate(timeout=90)
    assert (first.returncode, "Traceback" in said) == (0, False), said
    assert_conserved(lake, "tweets", 101)
    assert_recorded(lake)


def test_lost_or_damaged_checkpoints_are_survived_or_refused(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    lake = own_lake(settings, tmp_path)
    bronze_checkpoint = Path(lake.checkpoints, "bronze.tweets")
    live_checkpoint = Path(lake.checkpoints, "live.tweets_counts")
    send(lake, lake.tweets_topic, tweets(range(300)))
    stream_now(spark, lake, "tweets")

    shutil.rmtree(bronze_checkpoint)
    send(lake, lake.tweets_topic, tweets(range(200, 500)))
    stream_now(spark, lake, "tweets")
    assert_conserved(lake, "tweets", 600)
    assert_live_counts(lake, "tweets")

    newest = max((live_checkpoint / "offsets").glob("[0-9]*"), key=lambda file: int(file.name))
    newest.write_bytes(b"v1\n\xff")
    send(lake, lake.tweets_topic, tweets(range(500, 600)))
    stream_now(spark, lake, "tweets")
    assert_live_counts(lake, "tweets")

    newest = max((bronze_checkpoint / "offsets").glob("[0-9]*"), key=lambda file: int(file.name))
    newest.write_text("v1\n{}")
    with pytest.raises(CheckpointError, match=r"is damaged .* remove it, and the stream goes on after what its table"):
        stream_now(spark, lake, "tweets")
    shutil.rmtree(bronze_checkpoint)
    stream_now(spark, lake, "tweets")
    assert_conserved(lake, "tweets", 700)
    assert_live_counts(lake, "tweets")


def test_a_recreated_topic_is_refused(spark: SparkSession, settings: Settings, tmp_path: Path) -> None:
    lake = own_lake(settings, tmp_path)
    send(lake, lake.tweets_topic, tweets(range(300)))
    stream_now(spark, lake, "tweets")
    admin = KafkaAdminClient(bootstrap_servers=lake.kafka_bootstrap)
    admin.delete_topics([lake.tweets_topic])
    admin.close()
    time.sleep(1)
    create_topics(lake)
    send(lake, lake.tweets_topic, tweets(range(1000)))
    with pytest.raises(CheckpointError, match="the topic was recreated; restore it, or set"):
        stream_now(spark, lake, "tweets")


def assert_served(lake: Settings) -> None:
    """The stream's metrics say what landed and what the counts have read."""
    labels = {"source=tweets,verdict=valid": 100, "source=tweets,verdict=quarantined": 1}
    expected = {f"tideline_stream_records_total{{{label}}}": count for label, count in labels.items()}
    expected |= {f"tideline_stream_lag_records{{partition={p},topic={lake.tweets_topic}}}": 0 for p in (0, 1)}
    expected |= {f"tideline_stream_rows_total{{query={name}}}": 101 for name in ("bronze.tweets", "live.tweets_counts")}
    expected |= {"tideline_stream_query_running{query=bronze.tweets}": 1}
    deadline = time.monotonic() + 120
    while (found := scrape(lake.metrics_port)) | expected != found:
        assert time.monotonic() < deadline, f"{expected} never came; there is {found}"
        time.sleep(0.2)
    assert found["tideline_stream_state_bytes{operator=dedupeWithinWatermark,query=live.tweets_counts}"] > 0
    assert 0 < found["tideline_stream_freshness_seconds{query=bronze.tweets,record=newest}"] < 120


def assert_recorded(lake: Settings) -> None:
    """What the metrics said is in ops.progress since the stream ended, a row per batch."""
    rows = read(lake, "ops.progress")
    assert not rows.duplicated(["query", "run_id", "batch"]).any()
    bronze = rows[rows["query"] == "bronze.tweets"]
    assert (bronze.rows.sum(), bronze.valid.sum(), bronze.quarantined.sum()) == (101, 100, 1)
    assert bronze.iloc[-1].lag == 0
    assert rows[rows["query"] == "live.tweets_counts"].rows.sum() == 101
    assert bronze.oldest_seconds.notna().all()
    # Counts that read a quarantined record only have no time to tell.
    timed = rows.dropna(subset="oldest_seconds")
    assert (timed.oldest_seconds >= timed.newest_seconds).all()


def wait_for_version(settings: Settings, name: str, version: int = 1) -> None:
    """Wait until a table has its first commit with rows."""
    deadline = time.monotonic() + 120
    while version not in commit_files(settings, name):
        assert time.monotonic() < deadline, f"version {version} of {name} never came"
        time.sleep(0.05)
