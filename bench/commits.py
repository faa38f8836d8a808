"""How a commit's time grows with the number of commits before it, on S3, with maintenance on.

Run as a module it is the process that commits: ``python -m bench.commits COUNT``.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from statistics import linear_regression, median
from threading import Thread

from delta.tables import DeltaTable

from bench.result import Figure
from bench.store import own_store
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.session import build_session
from tideline.settings import Settings, load_settings
from tideline.tables import create_tables, declared_type

TABLE = "bronze.tweets"
BLOCK = 50
WARM_UP_BLOCKS = 4
"""A young JVM is slow, and growing faster it would hide that commits grow slower."""

COMMITS_PER_COMPACTION = 200


def measure(settings: Settings, commits: int) -> list[Figure]:
    """Append so many rows, each in a commit of its own, and fit time against number on logarithmic scales."""
    with own_store(settings) as lake:
        command = [sys.executable, "-m", "bench.commits", str(commits)]
        done = subprocess.run(command, env=lake.environment(), check=True, stdout=subprocess.PIPE, text=True)
    seconds = json.loads(done.stdout.splitlines()[-1])
    blocks = [median(seconds[at : at + BLOCK]) for at in range(0, len(seconds), BLOCK)][WARM_UP_BLOCKS:]
    numbers = [(WARM_UP_BLOCKS + at + 0.5) * BLOCK for at in range(len(blocks))]
    exponent = linear_regression([math.log(n) for n in numbers], [math.log(s) for s in blocks]).slope
    return [
        Figure("commits", f"commit after {numbers[0]:.0f}: median", blocks[0] * 1000, "ms"),
        Figure("commits", f"commit after {numbers[-1]:.0f}: median", blocks[-1] * 1000, "ms"),
        Figure("commits", "time against number", exponent, "exponent"),
    ]


def main() -> None:
    """Commit, and compact beside it; the last line is a JSON array of the seconds of each commit."""
    settings = load_settings()
    spark = build_session(settings, "tideline-bench")
    create_tables(spark, settings, TABLE)
    path = table_path(settings, TABLE)
    row = spark.createDataFrame([(None,) * len(TABLES[TABLE].columns)], declared_type(TABLES[TABLE]))
    seconds = []
    maintenance = Thread()
    for number in range(int(sys.argv[1])):
        if number % COMMITS_PER_COMPACTION == COMMITS_PER_COMPACTION - 1:
            maintenance = Thread(target=lambda: DeltaTable.forPath(spark, path).optimize().executeCompaction())
            maintenance.start()
        begun = time.monotonic()
        row.coalesce(1).write.format("delta").mode("append").save(path)
        seconds.append(time.monotonic() - begun)
    if maintenance.ident is not None:
        maintenance.join()
    spark.stop()
    sys.stdout.write(json.dumps(seconds) + "\n")


if __name__ == "__main__":
    main()
