"""What S3 is asked, as MinIO counts it: requests by kind for a micro-batch, for an idle minute, for a compaction."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import jwt
import urllib3

from bench.result import Figure
from tideline.lake import commit_files
from tideline.minio import BUCKET, find_minio, start_minio, stop_minio
from tideline.s3 import ensure_buckets
from tideline.s3_settings import with_embedded
from tideline.settings import S3A, Settings
from tideline.topics import create_topics

RECORDS_PER_SECOND = 100
WARM_UP_SECONDS = 40
LOAD_SECONDS = 60
IDLE_SECONDS = 30
METRICS_SECONDS = 12
"""MinIO counts at once, but answers what it has counted some seconds ago."""

KINDS = {
    "PUT": ("put", "copy", "multipart"),
    "GET": ("getobject",),
    "HEAD": ("head",),
    "LIST": ("list",),
    "DELETE": ("delete",),
}


@contextmanager
def own_store(settings: Settings) -> Iterator[Settings]:
    """A lake on a MinIO of its own, gone at the end."""
    home = replace(settings, home=settings.home / "store", minio_port=settings.minio_port + 100)
    start_minio(home, find_minio(lambda _: None))
    try:
        lake = with_embedded(replace(home, warehouse=f"{S3A}{BUCKET}/lake", checkpoints=""))
        ensure_buckets(lake)
        yield lake
    finally:
        stop_minio(home)


def measure(settings: Settings) -> list[Figure]:
    """Run the stream under a small load, then idle, then compact; count what the store heard."""
    settings = replace(settings, tweets_topic="bench-store-t", emissions_topic="bench-store-e")
    create_topics(settings)
    with own_store(settings) as lake:
        return _measure(lake)


def _measure(lake: Settings) -> list[Figure]:
    environment = lake.environment()
    count = str((WARM_UP_SECONDS + LOAD_SECONDS + METRICS_SECONDS + 10) * RECORDS_PER_SECOND)
    stream = subprocess.Popen([sys.executable, "-m", "streaming", "--sources", "tweets"], env=environment)
    produce = [sys.executable, "-m", "producers", "tweets", "--synthetic", count, "--rate", str(RECORDS_PER_SECOND)]
    load = subprocess.Popen(produce, env=environment, stderr=subprocess.DEVNULL)
    try:
        time.sleep(WARM_UP_SECONDS)
        batches, before = _commits(lake), requests(lake)
        time.sleep(LOAD_SECONDS)
        batches, loaded = _commits(lake) - batches, requests(lake) - before
        load.terminate()
        load.wait()
        time.sleep(3 * lake.trigger_seconds)
        before = requests(lake)
        time.sleep(IDLE_SECONDS)
        idle = requests(lake) - before
    finally:
        load.kill()
        stream.terminate()
        stream.wait(90)
    before = requests(lake)
    subprocess.run([sys.executable, "-m", "batch", "compact"], env=environment, check=True, capture_output=True)
    compacted = requests(lake) - before
    return [
        *_figures("a micro-batch with its counts", loaded, batches, "requests"),
        *_figures("idle", idle, IDLE_SECONDS / 60, "requests/min"),
        *_figures("a compaction", compacted, 1, "requests"),
    ]


def requests(settings: Settings) -> Counter[str]:
    """How many S3 requests the store has had, by kind; those for metrics are none."""
    time.sleep(METRICS_SECONDS)
    claims = {"iss": "prometheus", "sub": settings.s3_access_key, "exp": int(time.time()) + 300}
    token = jwt.encode(claims, settings.s3_secret_key, algorithm="HS512")
    answer = urllib3.request(
        "GET", f"{settings.s3_endpoint}/minio/v2/metrics/cluster", headers={"Authorization": f"Bearer {token}"}
    )
    found = re.findall(r'^minio_s3_requests_total\{api="(\w+)".*\} (\d+)', answer.data.decode(), re.MULTILINE)
    counts: Counter[str] = Counter()
    for api, count in found:
        counts[next((kind for kind, parts in KINDS.items() if any(p in api for p in parts)), "other")] += int(count)
    return counts


def _commits(settings: Settings) -> int:
    return max(commit_files(settings, "bronze.tweets"))


def _figures(what: str, counts: Counter[str], per: float, unit: str) -> list[Figure]:
    return [Figure("store", f"{what}: {kind}", counts[kind] / per, unit) for kind in (*KINDS, "other") if counts[kind]]
