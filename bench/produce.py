"""Producing: a replay of a tweet file against a plain client loop that sends the same ready-made records.

Run as a module it is one run, in a process of its own: ``python -m bench.produce ours|plain FILE TOPIC``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.result import Figure
from producers.client import open_producer
from producers.lines import split_lines
from producers.records import Headers
from producers.replay import Options, replay_tweets
from producers.source import Source, file_source
from producers.synthetic import SyntheticTweets
from producers.tweets import tweet_records
from tideline.settings import Settings, load_settings
from tideline.topics import create_topics

ORDER = ("ours", "plain", "plain", "ours", "ours", "plain")


def measure(settings: Settings, records: int) -> list[Figure]:
    """Send the same file both ways in turn; medians, and the ratio of the two."""
    create_topics(settings)
    file = write_tweets(settings.home / "bench" / "tweets.tsv", records)
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "plain": []}
    for way in ORDER:
        command = [sys.executable, "-m", "bench.produce", way, str(file), settings.tweets_topic]
        done = subprocess.run(command, env=settings.environment(), check=True, capture_output=True, text=True)
        runs[way].append(json.loads(done.stdout))
    figures = []
    for way, found in runs.items():
        figures.append(
            Figure("produce", f"{way}: rate", median(r["records"] / r["seconds"] for r in found), "records/s")
        )
        cpu = median(r["cpu_seconds"] / r["records"] * 1e6 for r in found)
        figures.append(Figure("produce", f"{way}: CPU", cpu, "CPU-s per million"))
    figures.append(Figure("produce", "ours : plain", figures[0].value / figures[2].value, "ratio of rates"))
    return figures


def write_tweets(file: Path, records: int) -> Path:
    """Write a file of synthetic tweets; returns it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(SyntheticTweets(records, 1).chunks()))
    return file


def main() -> None:
    """One run; prints records, seconds and CPU seconds of this process as JSON."""
    way, file, topic = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    bootstrap = load_settings().kafka_bootstrap
    send = send_by_replay if way == "ours" else send_plainly
    sys.stdout.write(json.dumps(send(file, bootstrap, topic)))


def send_by_replay(file: Path, bootstrap: str, topic: str) -> dict[str, float]:
    """Our own replay: lines are read, judged and built while it sends."""
    source = file_source(file)
    began, cpu = time.monotonic(), time.process_time()
    sent = replay_tweets(source, bootstrap=bootstrap, topic=topic, options=Options(resend=True))
    return {"records": sent.sent, "seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}


def ready_records(source: Source) -> list[tuple[bytes, bytes, Headers]]:
    """Keys, values and headers of a tweet file's records, as our replay sends them."""
    return [record[1:] for record in tweet_records(split_lines(source.chunks()), source.id, source.label)]


def send_plainly(file: Path, bootstrap: str, topic: str) -> dict[str, float]:
    """The loop that everybody writes first, with our producer's settings and nothing left to do but send."""
    ready = ready_records(file_source(file))
    producer = open_producer(bootstrap)
    began, cpu = time.monotonic(), time.process_time()
    for key, value, headers in ready:
        producer.send(topic, key=key, value=value, headers=headers)
    producer.flush()
    return {"records": len(ready), "seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}


if __name__ == "__main__":
    main()
