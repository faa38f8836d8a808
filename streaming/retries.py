"""Commits that were tried again, since another writer had been faster: what this process itself knows of them.

Counted are Spark's commits by the log store that lost the race, and upserts by ``deltalake`` that began anew. Not
counted is what ``deltalake`` tries again by itself where the other commit was no conflict: it does not tell.
"""

from __future__ import annotations

from collections import Counter

from pyspark.sql import SparkSession

from streaming.upsert import REFUSED
from tideline.lake import table_path
from tideline.settings import Settings
from tideline.sources import LIVE_QUERIES


class CommitRetries:
    """Counts by query.

    Args:
        spark: the session whose JVM commits.
        settings: where the tables lie.
    """

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._lost_races = spark.sparkContext._jvm.tideline.logstore.LostRaces  # type: ignore[union-attr]
        self._settings = settings
        self._told: Counter[str] = Counter()

    def since_last(self, query: str) -> int:
        """How many there were in the tables of a query since it was asked for last."""
        tables = LIVE_QUERIES[query].tables if query in LIVE_QUERIES else (query,)
        paths = [table_path(self._settings, table) for table in tables]
        total = sum(int(self._lost_races.of(path)) + REFUSED[path] for path in paths)
        new, self._told[query] = total - self._told[query], total
        return new
