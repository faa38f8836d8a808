"""Domains whose total lies far from the others': z-scores that do not depend on how the rows were partitioned."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from batch.emission_marts import domain_totals

Z_THRESHOLD = 2.0
"""A domain is an outlier when its total is more than this many standard deviations from the mean."""

Z_SCALE = 6
"""Places after the point of a z-score."""


def flagged_domains(emissions: DataFrame) -> DataFrame:
    """Score each domain's total against all domains' totals.

    Totals are exact decimals; mean and sample standard deviation then run over them in the order of their domains,
    in one partition, so that the same rows give the same bits. One row per domain passes through that partition.

    Returns:
        ``domain``, ``total_emissions``, ``z_score`` (null when the deviation is null or 0), ``is_outlier``.
    """
    ordered = Window.orderBy("domain").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    total = F.col("total_emissions").cast("double")
    scored = domain_totals(emissions).select(
        "domain",
        "total_emissions",
        (total - F.avg("total_emissions").over(ordered).cast("double")).alias("distance"),
        F.stddev_samp(total).over(ordered).alias("deviation"),
    )
    z_score = F.round(F.try_divide("distance", "deviation"), Z_SCALE).alias("z_score")
    is_outlier = F.coalesce(F.abs("z_score") > Z_THRESHOLD, F.lit(False)).alias("is_outlier")
    return scored.select("domain", "total_emissions", z_score).select("*", is_outlier)
