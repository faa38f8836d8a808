"""Collects the figures of a layer, and the table versions that they are of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable as DeltaLog
from deltalake import Schema
from pyspark.sql import SparkSession

from batch.accounting import gold_figures, silver_figures, silver_questions
from batch.gold import MARTS, SILVER
from batch.log import processed_states
from batch.questions import ask
from tideline.creation import column_types, declared_schema
from tideline.lake import open_log
from tideline.schemas import TABLES
from tideline.settings import Settings

_NEWEST = "max.kafka_timestamp"


@dataclass(frozen=True)
class Figures:
    """Figures by name; ``of`` is what they speak of: a source of silver, or gold."""

    of: str
    values: dict[str, int | float | Decimal | None]
    versions: dict[str, int]
    found: dict[str, str]
    """The columns of each table with their types, as text."""

    def row(self, table: str) -> dict[str, Any]:
        """All that a suite of this table compares."""
        declared = _text(declared_schema(TABLES[table]))
        return self.values | {"found_schema": self.found[table], "declared_schema": declared}


def collect_silver(
    session: Callable[[], SparkSession], settings: Settings, source: str, now: datetime
) -> Figures | None:
    """Bronze as it stands, and silver beside the version of bronze that it was made from.

    None when `clean` has never written silver.

    Args:
        session: asked for when bronze or silver is not small.
        settings: where the tables lie.
        source: tweets or emissions.
        now: what the age of bronze's newest record is told from.
    """
    bronze, silver = f"bronze.{source}", f"silver.{source}"
    done = next(iter(processed_states(settings, silver)), None)
    if done is None:
        return None
    logs = {name: open_log(settings, name) for name in (bronze, silver)}
    versions, found = _versions(logs), _found(logs)
    questions = silver_questions(source, versions[bronze], versions[silver], done.bronze_version)
    values = silver_figures(source, ask(session, settings, questions))
    times = _freshness(logs[bronze], done.bronze_version, now)
    return Figures(source, values | times, versions, found)


def collect_gold(settings: Settings) -> Figures:
    """Every mart beside the newest silver: one that is older is not what a reader takes it for. Needs no Spark."""
    logs = {name: open_log(settings, name) for name in (*SILVER, *MARTS)}
    return Figures("gold", {**gold_figures(logs)}, _versions(logs), _found(logs))


def _versions(logs: Mapping[str, DeltaLog]) -> dict[str, int]:
    return {name: int(log.version()) for name, log in logs.items()}


def _found(logs: Mapping[str, DeltaLog]) -> dict[str, str]:
    return {name: _text(log.schema()) for name, log in logs.items()}


def _text(columns: Schema) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in column_types(columns).items())


def _freshness(bronze: DeltaLog, processed: int, now: datetime) -> dict[str, float | None]:
    """How old bronze's newest record is, and by how much silver has not read that far yet: minutes, of Kafka's time.

    Both are null while there is nothing to tell them from. They are read from file statistics, without Spark.
    """
    newest = _newest(bronze)
    bronze.load_as_version(processed)
    read = _newest(bronze)
    return {
        "bronze_age_minutes": None if newest is None else max(0.0, (now - newest).total_seconds() / 60),
        "silver_lag_minutes": None if newest is None or read is None else (newest - read).total_seconds() / 60,
    }


def _newest(table: DeltaLog) -> datetime | None:
    """The highest Kafka time that the statistics of a version's files name."""
    files = pa.table(table.get_add_actions(flatten=True))
    if files.num_rows == 0 or _NEWEST not in files.column_names:
        return None
    newest: datetime | None = pc.max(files[_NEWEST]).as_py()
    return newest if newest is None or newest.tzinfo else newest.replace(tzinfo=UTC)
