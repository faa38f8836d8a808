"""The contender ``python -m bench.rivals.tables.gold_polars SILVER FOLDER``: lazy scans, collected together."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import DeltaTable

from bench.rivals.tables import steps
from tideline.lake import table_path

if TYPE_CHECKING:
    from polars import Expr, LazyFrame

TOTAL = "totalEmissions"


def main() -> None:
    """Write the marts of the silver tables in one folder into another."""
    import polars as pl

    silver, folder = (steps.lake_in(Path(path)) for path in sys.argv[1:])
    scans = (pl.scan_delta(table_path(silver, f"silver.{source}")) for source in ("tweets", "emissions"))
    wanted = marts(*scans)
    frames = pl.collect_all(wanted.values(), engine="streaming")
    for name, frame in zip(wanted, frames, strict=True):
        frame.write_delta(table_path(folder, name), mode="overwrite")
    rows = sum(DeltaTable(table_path(folder, name)).count() for name in wanted)
    sys.stdout.write(json.dumps({"rows": rows}) + "\n")


def marts(tweets: LazyFrame, emissions: LazyFrame) -> dict[str, LazyFrame]:
    """Each mart, lazily."""
    import polars as pl

    total = pl.col(TOTAL).sum().alias("total_emissions")
    domains = emissions.group_by("domain").agg(total)
    hours = tweets.group_by(pl.col("event_time").dt.truncate("1h").alias("period_hour")).agg(
        pl.len().cast(pl.Int64).alias("tweets_per_hour")
    )
    day = pl.col("period_hour").dt.truncate("1d")
    parts = {
        "pct_adSelection": "adSelectionEmissions",
        "pct_creativeDist": "creativeDistributionEmissions",
        "pct_mediaDist": "mediaDistributionEmissions",
    }
    measured = (pl.col("domainCoverage") == "measured").sum()
    distance = pl.col("total_emissions").cast(pl.Float64) - pl.col("total_emissions").cast(pl.Float64).mean()
    z_score = (distance / pl.col("total_emissions").cast(pl.Float64).std()).round(6)
    return {
        "gold.tweet_metrics": hours.with_columns(pl.col("tweets_per_hour").sum().over(day).alias("tweets_per_day")),
        "gold.daily_by_country_device": _daily(emissions, "country", "device"),
        "gold.daily_by_domain_format": _daily(emissions, "domain", "format"),
        "gold.top_10_domains": domains.sort("total_emissions", "domain", descending=[True, False]).limit(10),
        "gold.emission_contributions": emissions.select(
            "date", "domain", **{name: quotient(pl.col(part), pl.col(TOTAL)) for name, part in parts.items()}
        ),
        "gold.daily_country_trends": emissions.group_by("date", "country").agg(total),
        "gold.avg_domain_coverage": emissions.group_by("format").agg(
            quotient(_decimal(measured), _decimal(pl.len())).alias("avg_measured_coverage")
        ),
        "gold.flagged_domains": domains.with_columns(z_score=z_score).with_columns(
            is_outlier=(pl.col("z_score").abs() > 2).fill_null(value=False)
        ),
    }


def quotient(dividend: Expr, divisor: Expr) -> Expr:
    """Decimals, divided to 22 places and rounded half up to 9; null when the divisor is 0."""
    import polars as pl

    exact = dividend.cast(pl.Decimal(38, 22)) / pl.when(divisor != 0).then(divisor)
    return exact.round(9, mode="half_away_from_zero").cast(pl.Decimal(28, 9))


def _decimal(count: Expr) -> Expr:
    import polars as pl

    return count.cast(pl.Decimal(18, 0))


def _daily(emissions: LazyFrame, *dimensions: str) -> LazyFrame:
    import polars as pl

    total = pl.col(TOTAL).sum()
    return emissions.group_by("date", *dimensions).agg(
        pl.len().cast(pl.Int64).alias("record_count"),
        total.alias("sum_totalEmissions"),
        quotient(total, _decimal(pl.len())).alias("avg_totalEmissions"),
    )


if __name__ == "__main__":
    main()
