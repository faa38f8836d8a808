"""Collects the figures of a layer, and the table versions that they are of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pyspark.sql import SparkSession

from batch.accounting import collect_figures, gold_figures, silver_figures
from batch.gold import MARTS, SILVER
from batch.log import newest_version, processed_states
from tideline.settings import Settings
from tideline.tables import read_table


@dataclass(frozen=True)
class Figures:
    """Figures by name; ``of`` is what they speak of: a source of silver, or gold."""

    of: str
    values: dict[str, int | Decimal]
    versions: dict[str, int]


def collect_silver(spark: SparkSession, settings: Settings, source: str) -> Figures | None:
    """Silver beside the version of bronze that it was made from; None when `clean` has never written it."""
    bronze, silver = f"bronze.{source}", f"silver.{source}"
    done = next(iter(processed_states(settings, silver)), None)
    if done is None:
        return None
    versions = {bronze: done.bronze_version, silver: newest_version(settings, silver)}
    tables = [read_table(spark, settings, name, version) for name, version in versions.items()]
    return Figures(source, collect_figures(silver_figures(*tables)), versions)


def collect_gold(spark: SparkSession, settings: Settings) -> Figures:
    """Every mart beside the newest silver: one that is older is not what a reader takes it for."""
    versions = {name: newest_version(settings, name) for name in (*SILVER, *MARTS)}
    tables = {name: read_table(spark, settings, name, version) for name, version in versions.items()}
    return Figures("gold", collect_figures(gold_figures(tables)), versions)
