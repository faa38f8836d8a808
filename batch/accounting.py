"""Figures that must agree between the layers: rows, distinct events, sums. All of a layer's in one Spark job."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from batch.emission_marts import TOP_DOMAINS
from batch.outliers import Z_THRESHOLD
from tideline.events import is_valid
from tideline.reasons import CLOCK_TOLERANCE_SECONDS, SOURCE_REASONS, SUM_TOLERANCE
from tideline.records import EMISSION_COLUMNS

_NUMBERS = EMISSION_COLUMNS[6:10]
"""The three components of an emission row, and their total."""

FIGURE = "decimal(38,6)"
"""The type that holds a count as well as a sum of emissions."""


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


def gold_figures(tables: Mapping[str, DataFrame]) -> list[DataFrame]:
    """What silver says gold must hold, and what gold holds.

    Args:
        tables: silver and gold tables by name.
    """
    rows, records = F.count("*"), _sum("record_count")
    total, sums = _sum("total_emissions"), _sum("sum_totalEmissions")
    outlier = F.coalesce(F.abs("z_score") > Z_THRESHOLD, F.lit(False))
    return [
        _figures(tables["silver.tweets"], silver_tweets=rows),
        _figures(tables["silver.emissions"], silver_emissions=rows, silver_total=_sum("totalEmissions")),
        _figures(tables["gold.tweet_metrics"], tweets_per_hour=_sum("tweets_per_hour")),
        _figures(_days(tables["gold.tweet_metrics"]), tweets_per_day=_sum("tweets_per_day")),
        _figures(tables["gold.daily_by_country_device"], country_device_records=records, country_device_total=sums),
        _figures(tables["gold.daily_by_domain_format"], domain_format_records=records, domain_format_total=sums),
        _figures(tables["gold.emission_contributions"], contribution_rows=rows),
        _figures(tables["gold.daily_country_trends"], country_trends_total=total),
        _figures(tables["gold.top_10_domains"], top_domains=rows),
        _figures(
            tables["gold.flagged_domains"],
            flagged_domains_total=total,
            expected_top_domains=F.least(rows, F.lit(TOP_DOMAINS)),
            outliers_misjudged=F.count_if(F.col("is_outlier") != outlier),
        ),
    ]


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


def _days(tweet_metrics: DataFrame) -> DataFrame:
    """One row per day, with the total that its hours name."""
    return tweet_metrics.groupBy(F.to_date("period_hour")).agg(F.max("tweets_per_day").alias("tweets_per_day"))


def _sum(column: str) -> Column:
    """The sum of a column; 0 where there is nothing to add up."""
    return F.coalesce(F.sum(column), F.lit(0))


def _plain(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value
