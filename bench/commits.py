"""How a commit's time grows with the number of commits before it, on S3, with maintenance on.

Run as a module it is the process that commits: ``python -m bench.commits COUNT``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from threading import Thread

from delta.tables import DeltaTable

from bench.growth import fit_growth
from bench.result import Figure
from bench.store import own_store
from tideline.creation import create_tables
from tideline.lake import table_path
from tideline.schemas import TABLES
from tideline.session import build_session
from tideline.settings import Settings, load_settings
from tideline.tables import declared_type

TABLE = "bronze.tweets"
COMMITS_PER_COMPACTION = 200


def measure(settings: Settings, commits: int) -> list[Figure]:
    """Append so many rows, each in a commit of its own, and fit time against number on logarithmic scales."""
    with own_store(settings) as lake:
        command = [sys.executable, "-m", "bench.commits", str(commits)]
        done = subprocess.run(command, env=lake.environment(), check=True, stdout=subprocess.PIPE, text=True)
    seconds = json.loads(done.stdout.splitlines()[-1])
    growth = fit_growth(seconds)
    (first, begin), (last, end) = growth.points[0], growth.points[-1]
    return [
        Figure("commits", f"commit after {first:.0f}: median", begin * 1000, "ms"),
        Figure("commits", f"commit after {last:.0f}: median", end * 1000, "ms"),
        Figure("commits", "time against number", growth.exponent, "exponent"),
    ]


def main() -> None:
    """Commit, and compact beside it; the last line is a JSON array of the seconds of each commit."""
    settings = load_settings()
    seconds = list(commit_rows(settings, int(sys.argv[1])))
    sys.stdout.write(json.dumps(seconds) + "\n")


def commit_rows(settings: Settings, commits: int, *, maintained: bool = True) -> Iterator[float]:
    """Append so many rows to a new table, each in a commit of its own, by Spark as the stream configures it.

    Args:
        settings: where the table lies.
        commits: how many.
        maintained: whether the table is compacted now and then meanwhile.

    Yields:
        The seconds of each commit.
    """
    spark = build_session(settings, "tideline-bench")
    create_tables(settings, TABLE)
    path = table_path(settings, TABLE)
    row = spark.createDataFrame([(None,) * len(TABLES[TABLE].columns)], declared_type(TABLES[TABLE]))
    maintenance = Thread()
    for number in range(commits):
        if maintained and number % COMMITS_PER_COMPACTION == COMMITS_PER_COMPACTION - 1:
            maintenance = Thread(target=lambda: DeltaTable.forPath(spark, path).optimize().executeCompaction())
            maintenance.start()
        begun = time.monotonic()
        row.coalesce(1).write.format("delta").mode("append").save(path)
        yield time.monotonic() - begun
    if maintenance.ident is not None:
        maintenance.join()
    spark.stop()


if __name__ == "__main__":
    main()
