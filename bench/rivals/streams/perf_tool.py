"""Kafka's own ``kafka-producer-perf-test``: one jar more than the broker needs, fetched for the contest and checked."""

from __future__ import annotations

import subprocess
import time
from hashlib import sha256
from pathlib import Path

from bench.meter import own_cpu_seconds
from bench.rivals.errors import ContestError
from tideline.jars import jars_dir
from tideline.jars.ivy import Module, retrieve
from tideline.prerequisites import find_java

TOOL = Module.parse("org.apache.kafka:kafka-tools:4.3.1")
SHA256 = "62f3c5dd7aa3442d4c5bc6a95f86e2502178ea09de8e27f74d9563bf955e253c"
PROPERTIES = ("acks=all", "enable.idempotence=true", "linger.ms=10", f"batch.size={128 << 10}")


def fetch_tool(folder: Path) -> None:
    """Fetch the tool's jar into a folder.

    Raises:
        ContestError: it is another file than the one that this was written for.
        JarLockError: it cannot be had.
    """
    retrieve([TOOL], f"{folder}/[artifact]-[revision].[ext]", folder / "ivy", poms=False)
    found = sha256((folder / TOOL.file_name).read_bytes()).hexdigest()
    if found != SHA256:
        msg = f"{TOOL} has the SHA-256 {found}, expected {SHA256}: the registry gave another file, do not run it"
        raise ContestError(msg)


def send_by_perf_tool(file: Path, payloads: Path, bootstrap: str, topic: str) -> dict[str, float]:
    """Send as many records as the file has lines; their values are drawn from the payloads, they have no keys.

    Args:
        file: the tweets that the others send; the tool's jar lies beside it.
        payloads: a value per line.
        bootstrap: Kafka's address.
        topic: the topic.

    Raises:
        ContestError: the tool failed; with the end of its output.
    """
    with file.open("rb") as lines:
        records = sum(1 for _ in lines) - 1
    jars = f"{file.parent / TOOL.file_name}:{jars_dir('kafka')}/*"
    program = [str(find_java()), "-Xmx512m", "-cp", jars, "org.apache.kafka.tools.ProducerPerformance"]
    what = ["--topic", topic, "--num-records", str(records), "--throughput", "-1", "--payload-file", str(payloads)]
    how = ["--bootstrap-server", bootstrap, "--command-property", *PROPERTIES]
    began, before = time.monotonic(), own_cpu_seconds()
    done = subprocess.run([*program, *what, *how], capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"Kafka's tool ended with {done.returncode}: {(done.stderr + done.stdout)[-400:]}"
        raise ContestError(msg)
    return {"records": records, "seconds": time.monotonic() - began, "cpu_seconds": own_cpu_seconds() - before}
