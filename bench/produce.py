"""Producing: a replay of a tweet file, by one process and by two, against a plain client loop with the same records.

Run as a module it is one run, in a process of its own: ``python -m bench.produce WAY FILE TOPIC``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.meter import own_cpu_seconds
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

PROCESSES = {"ours": 1, "ours, 2 processes": 2}
PLAIN = "plain"
WAYS = (*PROCESSES, PLAIN)
ORDER = (*WAYS, *reversed(WAYS), *WAYS)


def measure(settings: Settings, records: int) -> list[Figure]:
    """Send the same file each way in turn; medians, and ratios of them."""
    create_topics(settings)
    file = write_tweets(settings.home / "bench" / "tweets.tsv", records)
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for way in ORDER:
        command = [sys.executable, "-m", "bench.produce", way, str(file), settings.tweets_topic]
        done = subprocess.run(command, env=settings.environment(), check=True, capture_output=True, text=True)
        runs[way].append(json.loads(done.stdout))
    rates = {way: median(run["records"] / run["seconds"] for run in found) for way, found in runs.items()}
    figures = []
    for way, found in runs.items():
        cpu = median(run["cpu_seconds"] / run["records"] * 1e6 for run in found)
        figures.append(Figure("produce", f"{way}: rate", rates[way], "records/s"))
        figures.append(Figure("produce", f"{way}: CPU", cpu, "CPU-s per million"))
    one, two = PROCESSES
    figures.append(Figure("produce", "ours : plain", rates[one] / rates[PLAIN], "ratio of rates"))
    figures.append(Figure("produce", "2 processes : 1", rates[two] / rates[one], "ratio of rates"))
    return figures


def write_tweets(file: Path, records: int) -> Path:
    """Write a file of synthetic tweets; returns it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(SyntheticTweets(records, 1).chunks()))
    return file


def main() -> None:
    """One run; prints records, seconds and CPU seconds of this process and those that it started as JSON."""
    way, file, topic = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    bootstrap = load_settings().kafka_bootstrap
    plain = way == PLAIN
    run = send_plainly(file, bootstrap, topic) if plain else send_by_replay(file, bootstrap, topic, PROCESSES[way])
    sys.stdout.write(json.dumps(run))


def send_by_replay(file: Path, bootstrap: str, topic: str, processes: int = 1) -> dict[str, float]:
    """Our own replay: lines are read, judged and built while it sends."""
    source = file_source(file)
    began, cpu = time.monotonic(), own_cpu_seconds()
    options = Options(resend=True, processes=processes)
    sent = replay_tweets(source, bootstrap=bootstrap, topic=topic, options=options)
    return {"records": sent.sent, "seconds": time.monotonic() - began, "cpu_seconds": own_cpu_seconds() - cpu}


def ready_records(source: Source) -> list[tuple[bytes, bytes, Headers]]:
    """Keys, values and headers of a tweet file's records, as our replay sends them."""
    return [record[1:] for record in tweet_records(split_lines(source.chunks()), source.id, source.label)]


def send_plainly(file: Path, bootstrap: str, topic: str) -> dict[str, float]:
    """The loop that everybody writes first, with our producer's settings and nothing left to do but send."""
    ready = ready_records(file_source(file))
    producer = open_producer(bootstrap)
    began, cpu = time.monotonic(), own_cpu_seconds()
    for key, value, headers in ready:
        producer.send(topic, key=key, value=value, headers=headers)
    producer.flush()
    return {"records": len(ready), "seconds": time.monotonic() - began, "cpu_seconds": own_cpu_seconds() - cpu}


if __name__ == "__main__":
    main()
