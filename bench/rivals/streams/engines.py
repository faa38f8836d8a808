"""Who lands the tweets' topic in a bronze table: how each is run, where its table lies, how it was tuned."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.rivals import plain_spark


@dataclass(frozen=True)
class Engine:
    """One who lands records.

    Attributes:
        name: as the table shows it.
        note: how it was tuned.
        module: ``python -m bench.rivals.streams.<module> FOLDER MODE`` runs it.
        table: its bronze table, within the folder.
    """

    name: str
    note: str
    module: str
    table: str = "table"

    def command(self, folder: Path, mode: str, *more: str) -> list[str]:
        """The command that runs it: ``once`` for all that is there, ``forever`` until SIGTERM."""
        return [sys.executable, "-m", f"bench.rivals.streams.{self.module}", str(folder), mode, *more]

    def table_in(self, folder: Path) -> Path:
        """Where its bronze table lies."""
        return folder / self.table


OURS = Engine("ours", "bronze as shipped", "ours", "lake/bronze/tweets")
NATIVE = Engine(
    "native loop",
    "confluent-kafka, pyarrow's JSON, Polars, deltalake; batches of 500,000 or 1 s, fetches of 16 MiB, the next batch "
    "fetched while one is written; offsets as Delta transactions; no garbage collection",
    "native",
)
NAIVE = Engine("naive PySpark", f"from_json and checks as a tutorial has them; {plain_spark.NOTE}", "naive")
QUIX = Engine(
    "Quix Streams",
    "a sink of its base class with the native loop's judging and writing, commits of 500,000 or 1 s; with the "
    "confluent-kafka of the native loop, newer than it asks for",
    "quix",
)
BYTEWAX = Engine(
    "Bytewax", "a sink of its base class with the native loop's judging and writing, one worker", "bytewax_flow"
)
ENGINES = (OURS, NATIVE, NAIVE, QUIX, BYTEWAX)
SURVIVORS = (OURS, NATIVE, NAIVE, QUIX)
"""Those that can go on after a crash. A sink of Bytewax that gathers batches is not told when an epoch ends, so what it
had gathered when its process was killed would be lost."""
