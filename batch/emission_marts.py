"""The gold marts of emissions, from silver.emissions. Nulls in a group column form a group of their own."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tideline.schemas import FRACTION

FRACTION_SCALE = 9
"""Places after the point of every quotient, rounded half up."""

TOP_DOMAINS = 10


def quotient(dividend: Column, divisor: Column) -> Column:
    """Divide decimals, rounded to ``FRACTION_SCALE`` places; null when the divisor is 0 or either is null."""
    return F.round(F.try_divide(dividend, divisor), FRACTION_SCALE).cast(FRACTION)


def daily_by_country_device(emissions: DataFrame) -> DataFrame:
    """Rows, sum and mean of ``totalEmissions`` per ``date``, ``country`` and ``device``."""
    return _daily(emissions, "country", "device")


def daily_by_domain_format(emissions: DataFrame) -> DataFrame:
    """Rows, sum and mean of ``totalEmissions`` per ``date``, ``domain`` and ``format``."""
    return _daily(emissions, "domain", "format")


def daily_country_trends(emissions: DataFrame) -> DataFrame:
    """Sum of ``totalEmissions`` per ``date`` and ``country``."""
    return emissions.groupBy("date", "country").agg(F.sum("totalEmissions").alias("total_emissions"))


def domain_totals(emissions: DataFrame) -> DataFrame:
    """Sum of ``totalEmissions`` per ``domain``."""
    return emissions.groupBy("domain").agg(F.sum("totalEmissions").alias("total_emissions"))


def top_10_domains(emissions: DataFrame) -> DataFrame:
    """The ten domains of the highest totals, highest first; ties by domain."""
    return domain_totals(emissions).orderBy(F.desc("total_emissions"), "domain").limit(TOP_DOMAINS)


def emission_contributions(emissions: DataFrame) -> DataFrame:
    """Each row's components as fractions of that row's total; null where the total is 0."""
    parts = {
        "pct_adSelection": "adSelectionEmissions",
        "pct_creativeDist": "creativeDistributionEmissions",
        "pct_mediaDist": "mediaDistributionEmissions",
    }
    total = F.col("totalEmissions")
    fractions = (quotient(F.col(part), total).alias(name) for name, part in parts.items())
    return emissions.select("date", "domain", *fractions)


def avg_domain_coverage(emissions: DataFrame) -> DataFrame:
    """Share of ``measured`` rows per ``format``; a null coverage counts as a row that is not measured."""
    measured = F.count_if(F.col("domainCoverage") == "measured")
    return emissions.groupBy("format").agg(_share(measured).alias("avg_measured_coverage"))


def _daily(emissions: DataFrame, *dimensions: str) -> DataFrame:
    grouped = emissions.groupBy("date", *dimensions)
    return grouped.agg(
        F.count("*").alias("record_count"),
        F.sum("totalEmissions").alias("sum_totalEmissions"),
        quotient(F.sum("totalEmissions"), _decimal(F.count("*"))).alias("avg_totalEmissions"),
    )


def _share(count: Column) -> Column:
    return quotient(_decimal(count), _decimal(F.count("*")))


def _decimal(count: Column) -> Column:
    """A count as a decimal: Spark divides integers as doubles."""
    return count.cast("decimal(19,0)")
