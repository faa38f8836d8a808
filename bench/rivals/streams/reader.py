"""The independent reader: Delta's log by delta-rs, the Parquet files by DuckDB; no Spark, no contender's code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from bench.rivals.contest import Proof

COLUMNS = (
    "topic",
    '"partition"::INT',
    '"offset"::BIGINT',
    "epoch_us(kafka_timestamp)",
    "event_id",
    "tweet_id::BIGINT",
    "epoch_us(event_time)",
    "lang",
    "country_code",
    "reasons::VARCHAR[]",
    "rule_version::INT",
    "key::BLOB",
    '"value"::BLOB',
    "headers::STRUCT(key VARCHAR, value BLOB)[]",
)
"""What of ``bronze.tweets`` is compared, times as microseconds: all of it."""


def bronze_proof(table: Path) -> Proof:
    """Rows and a checksum of all columns, the same in any order and any number of files."""
    found = _one(table, f"SELECT count(*), sum(hash({', '.join(COLUMNS)})::HUGEINT) FROM rows")  # noqa: S608 - constants
    return Proof(int(found[0]), f"{int(found[1] or 0):x}")


def distinct_coordinates(table: Path) -> tuple[int, int]:
    """The rows, and how many different Kafka coordinates they have."""
    found = _one(table, 'SELECT count(*), count(DISTINCT ("partition", "offset")) FROM rows')
    return int(found[0]), int(found[1])


def _one(table: Path, query: str) -> tuple[Any, ...]:
    import duckdb

    files = DeltaTable(str(table)).file_uris()
    if not files:
        return 0, 0
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"WITH rows AS (FROM read_parquet($files)) {query}", {"files": files}).fetchone()
    return found or (0, 0)
