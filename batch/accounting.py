"""Figures that must agree between the layers: rows, distinct events, sums.

All of a silver table and its bronze are one Spark job, which can spill; gold's need no Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce
from typing import Final

from deltalake import DeltaTable as DeltaLog
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from batch.emission_marts import TOP_DOMAINS
from batch.outliers import Z_THRESHOLD
from tideline.events import is_valid
from tideline.lake import query
from tideline.reasons import CLOCK_TOLERANCE_SECONDS, SOURCE_REASONS, SUM_TOLERANCE
from tideline.records import EMISSION_COLUMNS

_NUMBERS = EMISSION_COLUMNS[6:10]
"""The three components of an emission row, and their total."""

FIGURE = "decimal(38,6)"
"""The type that holds a count as well as a sum of emissions."""

_GOLD: Final = {
    "silver.tweets": "select count(*) as silver_tweets from t",
    "silver.emissions": 'select count(*) as silver_emissions, sum("totalEmissions") as silver_total from t',
    "gold.tweet_metrics": """
        with days as (
            select sum(tweets_per_hour) as hours, max(tweets_per_day) as day from t group by cast(period_hour as date)
        )
        select sum(hours) as tweets_per_hour, sum(day) as tweets_per_day from days
    """,
    "gold.daily_by_country_device": """
        select sum(record_count) as country_device_records, sum("sum_totalEmissions") as country_device_total from t
    """,
    "gold.daily_by_domain_format": """
        select sum(record_count) as domain_format_records, sum("sum_totalEmissions") as domain_format_total from t
    """,
    "gold.emission_contributions": "select count(*) as contribution_rows from t",
    "gold.daily_country_trends": "select sum(total_emissions) as country_trends_total from t",
    "gold.top_10_domains": "select count(*) as top_domains from t",
    "gold.flagged_domains": f"""
        select sum(total_emissions) as flagged_domains_total, least(count(*), {TOP_DOMAINS}) as expected_top_domains,
               count(*) filter (where is_outlier <> coalesce(abs(z_score) > {Z_THRESHOLD}, false)) as outliers_misjudged
        from t
    """,  # noqa: S608 - constants of our own
}
"""The figures of each table ``t``, in DataFusion's SQL: a sum of decimals is exact and ten digits wider than they are.

NaN is larger than any number, as in Spark."""


def silver_figures(
    source: str, bronze: DataFrame, silver: DataFrame, read_bronze: DataFrame | None = None
) -> list[DataFrame]:
    """How much of bronze is in quarantine, what it says silver must hold, and what silver holds.

    Args:
        source: tweets or emissions.
        bronze: as it stands.
        silver: the silver table of the same source.
        read_bronze: bronze at the version that silver was made from, where that is another one.
    """
    reasons = SOURCE_REASONS[source]
    known = F.array(*(F.lit(str(reason)) for reason in reasons))
    # Few rows have reasons: the rest is not looked through for each of them.
    shares = {str(r): _share(~is_valid() & F.array_contains("reasons", F.lit(str(r)))) for r in reasons}
    tolerance = F.make_dt_interval(secs=F.lit(CLOCK_TOLERANCE_SECONDS))
    odd = {
        "tweets": {"times_in_future": F.col("event_time") > F.col("kafka_timestamp") + tolerance},
        "emissions": {"sum_mismatches": _sum_mismatch()},
    }[source]
    of_bronze = {
        "quarantined_share": _share(~is_valid()),
        **shares,
        "unknown_reasons": F.count_if(~is_valid() & (F.size(F.array_except("reasons", known)) > 0)),
    }
    events = {"bronze_valid_events": F.count_distinct(F.when(is_valid(), F.col("event_id")))}
    return [
        # One pass over bronze, where silver has read all of it.
        *(
            [_figures(bronze, **of_bronze, **events)]
            if read_bronze is None
            else [_figures(bronze, **of_bronze), _figures(read_bronze, **events)]
        ),
        _figures(silver, silver_rows=F.count("*"), **{name: F.count_if(broken) for name, broken in odd.items()}),
    ]


def gold_figures(tables: Mapping[str, DeltaLog]) -> dict[str, int | Decimal]:
    """What silver says gold must hold, and what gold holds; 0 where there is nothing to count or to add up.

    DataFusion reads the tables: it is another reader than the one that wrote them, and for the few rows of a mart
    Spark would plan for seconds. It streams the rows and keeps no more than one per day in memory.

    Args:
        tables: silver and gold tables by name, each opened at a version.
    """
    return {figure: value for name, sql in _GOLD.items() for figure, value in _ask(tables[name], sql).items()}


def collect_figures(figures: list[DataFrame]) -> dict[str, int | Decimal]:
    """Compute the figures, in one job: counts as ints, all else as Decimals."""
    rows = reduce(DataFrame.unionAll, figures).collect()
    return {row["figure"]: _plain(row["value"]) for row in rows}


def _figures(table: DataFrame, **figures: Column) -> DataFrame:
    """Columns ``figure`` and ``value``: one row per figure."""
    row = table.agg(*(value.cast(FIGURE).alias(name) for name, value in figures.items()))
    return row.unpivot([], [F.col(f"`{name}`") for name in figures], "figure", "value")


def _share(of: Column) -> Column:
    """The share of the rows for which a condition holds; 0 where there are none."""
    return F.coalesce(F.try_divide(F.count_if(of), F.count("*")), F.lit(0))


def _sum_mismatch() -> Column:
    """Whether the components differ from the total by more than may be.

    Sums of decimals are slow, so doubles, which are off by less than 0.001 here, say first which rows are near it.
    """
    exact = F.abs(F.round(_difference(*(F.col(name) for name in _NUMBERS)), 3)) > F.lit(SUM_TOLERANCE).cast(
        "decimal(2,1)"
    )
    near = F.abs(_difference(*(F.col(name).cast("double") for name in _NUMBERS))) > float(SUM_TOLERANCE) / 2
    return near & exact


def _difference(first: Column, second: Column, third: Column, total: Column) -> Column:
    return first + second + third - total


def _ask(table: DeltaLog, sql: str) -> dict[str, int | Decimal]:
    """The one row that an aggregate gives of a table."""
    (row,) = query(table, sql)
    return {figure: 0 if value is None else _plain(value) for figure, value in row.items()}


def _plain(value: int | Decimal) -> int | Decimal:
    return int(value) if value == int(value) else value
