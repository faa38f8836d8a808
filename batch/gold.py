"""The job ``gold``: computes every mart from silver and replaces it as a whole.

Each commit carries the versions of silver and bronze that its rows were made from, so that they can never disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pyspark.sql import DataFrame, SparkSession

from batch import emission_marts, outliers, tweet_marts
from batch.log import GoldState, count_rows, gold_state, newest_version
from batch.small import collect, is_small, read_few, replace_rows, session_for
from tideline.conflicts import retry_conflicts
from tideline.creation import create_tables
from tideline.lake import open_log, table_path
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.tables import read_table

MARTS: Final[dict[str, tuple[str, Callable[[DataFrame], DataFrame]]]] = {
    "gold.tweet_metrics": ("silver.tweets", tweet_marts.tweet_metrics),
    "gold.daily_by_country_device": ("silver.emissions", emission_marts.daily_by_country_device),
    "gold.daily_by_domain_format": ("silver.emissions", emission_marts.daily_by_domain_format),
    "gold.top_10_domains": ("silver.emissions", emission_marts.top_10_domains),
    "gold.emission_contributions": ("silver.emissions", emission_marts.emission_contributions),
    "gold.daily_country_trends": ("silver.emissions", emission_marts.daily_country_trends),
    "gold.avg_domain_coverage": ("silver.emissions", emission_marts.avg_domain_coverage),
    "gold.flagged_domains": ("silver.emissions", outliers.flagged_domains),
}
"""Every mart: the silver table that it is computed from, and how."""

SILVER = tuple(sorted({source for source, _ in MARTS.values()}))

PARALLEL_WRITES = 4
"""A small mart is mostly waiting for its commit: more writers than cores."""


Replace = Callable[[Settings, str, DataFrame, str], None]
"""Replaces all rows of a mart in one commit, which carries this text."""


@dataclass(frozen=True)
class Written:
    """What one run wrote to one mart, and from which versions."""

    table: str
    silver_version: int
    bronze_version: int | None
    rows: int


def gold(spark: SparkSession, settings: Settings) -> list[Written]:
    """Compute every mart from the newest silver; a silver table that is not there yet counts as empty."""
    create_tables(settings, *SILVER)
    while True:
        versions = _versions(settings)
        few = all(is_small(open_log(settings, *of_silver)) for of_silver in versions.items())
        session = session_for(spark, few=few)
        # A mart that was empty and stays so must say what it was made from, too.
        session.conf.set("spark.databricks.delta.skipRecordingEmptyCommits", "false")
        written = _write_marts(session, settings, versions, few=few)
        # A run that began on an older silver may end last, and would leave old marts behind: so nobody ends on one.
        if _versions(settings) == versions:
            return written


def _versions(settings: Settings) -> dict[str, int]:
    """The newest version of every silver table."""
    return {name: newest_version(settings, name) for name in SILVER}


def _write_marts(spark: SparkSession, settings: Settings, versions: dict[str, int], *, few: bool) -> list[Written]:
    read, replace = (read_few, _replace_few) if few else (_read, _replace)
    silver = {source: read(spark, settings, source, version) for source, version in versions.items()}
    states = {source: gold_state(settings, source, version) for source, version in versions.items()}
    try:
        with ThreadPoolExecutor(PARALLEL_WRITES) as pool:
            return list(pool.map(lambda mart: _write_mart(settings, mart, silver, states, replace), MARTS))
    finally:
        for table in silver.values():
            table.unpersist()


@retry_conflicts
def _write_mart(
    settings: Settings, name: str, silver: dict[str, DataFrame], states: dict[str, GoldState], replace: Replace
) -> Written:
    create_tables(settings, name)
    source, transform = MARTS[name]
    state = states[source]
    replace(settings, name, silver[source].transform(transform).select(*TABLES[name].column_names), state.to_metadata())
    bronze_version = state.bronze.bronze_version if state.bronze else None
    return Written(name, state.silver_version, bronze_version, count_rows(settings, name))


def _read(spark: SparkSession, settings: Settings, name: str, version: int) -> DataFrame:
    return read_table(spark, settings, name, version).persist()


def _replace(settings: Settings, name: str, mart: DataFrame, metadata: str) -> None:
    write = mart.write.format("delta").mode("overwrite").option("userMetadata", metadata)
    write.save(table_path(settings, name))


def _replace_few(settings: Settings, name: str, mart: DataFrame, metadata: str) -> None:
    replace_rows(settings, name, collect(mart, name), metadata)
