"""Figures that must agree between the layers: rows, distinct events, sums. All of a layer's in one Spark job."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tideline.events import is_valid

FIGURE = "decimal(38,6)"
"""The type that holds a count as well as a sum of emissions."""


def silver_figures(bronze: DataFrame, silver: DataFrame) -> list[DataFrame]:
    """What bronze says silver must hold, and what silver holds.

    Args:
        bronze: at the version that silver was made from.
        silver: the silver table of the same source.
    """
    quarantined = F.try_divide(F.count_if(~is_valid()), F.count("*"))
    events = F.count_distinct(F.when(is_valid(), F.col("event_id")))
    return [
        _figures(bronze, quarantined_share=F.coalesce(quarantined, F.lit(0)), bronze_valid_events=events),
        _figures(silver, silver_rows=F.count("*")),
    ]


def gold_figures(tables: Mapping[str, DataFrame]) -> list[DataFrame]:
    """What silver says gold must hold, and what gold holds.

    Args:
        tables: silver and gold tables by name.
    """
    rows, records = F.count("*"), _sum("record_count")
    total, sums = _sum("total_emissions"), _sum("sum_totalEmissions")
    return [
        _figures(tables["silver.tweets"], silver_tweets=rows),
        _figures(tables["silver.emissions"], silver_emissions=rows, silver_total=_sum("totalEmissions")),
        _figures(tables["gold.tweet_metrics"], tweets_per_hour=_sum("tweets_per_hour")),
        _figures(tables["gold.daily_by_country_device"], country_device_records=records, country_device_total=sums),
        _figures(tables["gold.daily_by_domain_format"], domain_format_records=records, domain_format_total=sums),
        _figures(tables["gold.emission_contributions"], contribution_rows=rows),
        _figures(tables["gold.daily_country_trends"], country_trends_total=total),
        _figures(tables["gold.flagged_domains"], flagged_domains_total=total),
    ]


def collect_figures(figures: list[DataFrame]) -> dict[str, int | Decimal]:
    """Compute the figures, in one job: counts as ints, all else as Decimals."""
    rows = reduce(DataFrame.unionAll, figures).collect()
    return {row["figure"]: _plain(row["value"]) for row in rows}


def _figures(table: DataFrame, **figures: Column) -> DataFrame:
    """Columns ``figure`` and ``value``: one row per figure."""
    row = table.agg(*(value.cast(FIGURE).alias(name) for name, value in figures.items()))
    return row.unpivot([], list(figures), "figure", "value")


def _sum(column: str) -> Column:
    """The sum of a column; 0 where there is nothing to add up."""
    return F.coalesce(F.sum(column), F.lit(0))


def _plain(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value
