"""The contenders of compaction: ``python -m bench.rivals.tables.compaction_ways WAY FOLDER``.

The process reads the table, has another one compact it, whose cost counts, and reads it again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median

from deltalake import DeltaTable

from bench.meter import Meter
from bench.rivals.plain_spark import plain_session
from bench.rivals.tables import steps
from bench.rivals.tables.checksum import rows_of
from bench.rivals.tables.compaction import TABLE
from tideline.lake import table_path
from tideline.settings import Settings

READS = 3
PARTITIONS = 2
"""As many as there are cores."""


def with_ours(lake: Settings) -> None:
    """Our step."""
    from batch.compact import compact

    compact(steps.start(lake, "compact"), lake)


def with_deltalake(lake: Settings) -> None:
    """Deltalake's own."""
    DeltaTable(table_path(lake, TABLE)).optimize.compact()


def with_spark(lake: Settings) -> None:
    """As Delta's documentation has it."""
    path = table_path(lake, TABLE)
    rows = plain_session(lake).read.format("delta").load(path).coalesce(PARTITIONS)
    rows.write.format("delta").mode("overwrite").option("dataChange", "false").save(path)


WAYS: dict[str, Callable[[Settings], None]] = {"ours": with_ours, "deltalake": with_deltalake, "spark": with_spark}


def seconds_to_read(path: str) -> float:
    """From opening the log to all rows in memory, by deltalake and pyarrow; the files are in the system's cache."""
    seconds = []
    for _ in range(READS):
        begun = time.monotonic()
        rows_of(path).to_table()
        seconds.append(time.monotonic() - begun)
    return median(seconds)


def main() -> None:
    """Compact in one way; with a third argument this process is the one that does it."""
    way, folder = sys.argv[1], Path(sys.argv[2])
    lake = steps.lake_in(folder)
    if sys.argv[3:]:
        WAYS[way](lake)
        return
    path = table_path(lake, TABLE)
    before = seconds_to_read(path)
    version = DeltaTable(path).version()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.rivals.tables.compaction_ways", way, str(folder), "do"], stdout=sys.stderr
    )
    with Meter([process.pid]) as meter:
        code = process.wait()
    if code:
        sys.exit(code)
    table = DeltaTable(path)
    said = asdict(meter.cost) | {
        "rows": table.count(),
        "written": written_after(path, version) / 2**20,
        "files": len(table.file_uris()),
        "read_before": before,
        "read_after": seconds_to_read(path),
    }
    sys.stdout.write(json.dumps(said) + "\n")


def written_after(path: str, version: int) -> int:
    """The bytes of the files that commits after a version added."""
    commits = (file for file in Path(path, "_delta_log").glob("*.json") if int(file.stem) > version)
    actions = (json.loads(line) for file in commits for line in file.read_text().splitlines())
    return sum(action["add"]["size"] for action in actions if "add" in action)


if __name__ == "__main__":
    main()
