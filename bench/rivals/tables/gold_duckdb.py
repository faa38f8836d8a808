"""The contender ``python -m bench.rivals.tables.gold_duckdb SILVER FOLDER``: SQL over the tables' Parquet files.

DuckDB's Delta extension comes over the network at run time; deltalake names the files of the newest version instead,
and writes the marts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deltalake import DeltaTable, write_deltalake

from bench.rivals.tables import steps
from tideline.lake import table_path
from tideline.settings import Settings

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Small numbers in 64 bits: a division of 128 bits takes twenty times as long.
_QUOTIENT = """
create macro millionths(x) as round(x::double * 1e6)::bigint;
create macro quotient(a, b) as (case
    when b = 0 then null
    when a < 4000 then (millionths(a) * 2000000000 + millionths(b)) // (2 * millionths(b))
    else (millionths(a)::hugeint * 2000000000 + millionths(b)) // (2 * millionths(b))
end::decimal(28, 0) * 0.000000001)::decimal(28, 9);
"""
_DAILY = """
select date, {dimensions}, count(*) as record_count, sum("totalEmissions")::decimal(28, 6) as "sum_totalEmissions",
       quotient(sum("totalEmissions"), count(*)) as "avg_totalEmissions"
from emissions group by all
"""
_TOTALS = 'select {key}, sum("totalEmissions")::decimal(28, 6) as total_emissions from emissions group by all'
_FLAGGED = """
with domains as ({domains}),
scored as (
    select domain, total_emissions, round((total_emissions - avg(total_emissions) over ())
           / nullif(stddev_samp(total_emissions::double) over (), 0), 6) as z_score
    from domains
)
select *, coalesce(abs(z_score) > 2, false) as is_outlier from scored
"""

QUERIES = {
    "gold.tweet_metrics": """
        select date_trunc('hour', event_time) as period_hour, count(*) as tweets_per_hour,
               (sum(count(*)) over (partition by date_trunc('day', date_trunc('hour', event_time))))::bigint
               as tweets_per_day
        from tweets group by period_hour
        """,
    "gold.daily_by_country_device": _DAILY.format(dimensions="country, device"),
    "gold.daily_by_domain_format": _DAILY.format(dimensions="domain, format"),
    "gold.top_10_domains": f"{_TOTALS.format(key='domain')} order by total_emissions desc, domain limit 10",
    "gold.emission_contributions": """
        select date, domain, quotient("adSelectionEmissions", "totalEmissions") as "pct_adSelection",
               quotient("creativeDistributionEmissions", "totalEmissions") as "pct_creativeDist",
               quotient("mediaDistributionEmissions", "totalEmissions") as "pct_mediaDist"
        from emissions
        """,
    "gold.daily_country_trends": _TOTALS.format(key="date, country"),
    "gold.avg_domain_coverage": """
        select format, quotient(count(*) filter ("domainCoverage" = 'measured'), count(*)) as avg_measured_coverage
        from emissions group by format
        """,
    "gold.flagged_domains": _FLAGGED.format(domains=_TOTALS.format(key="domain")),
}
"""Each mart in DuckDB's SQL."""


def main() -> None:
    """Write the marts of the silver tables in one folder into another."""
    silver, folder = (steps.lake_in(Path(path)) for path in sys.argv[1:])
    connection = connect(silver)
    rows = 0
    for name, query in QUERIES.items():
        path = table_path(folder, name)
        write_deltalake(path, connection.sql(query), mode="overwrite")
        rows += DeltaTable(path).count()
    sys.stdout.write(json.dumps({"rows": rows}) + "\n")


def connect(silver: Settings) -> DuckDBPyConnection:
    """DuckDB with the silver tables as views."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"set timezone = 'UTC'; {_QUOTIENT}")
    for source in ("emissions", "tweets"):
        files = DeltaTable(table_path(silver, f"silver.{source}")).file_uris()
        connection.read_parquet(files).create_view(source)
    return connection


if __name__ == "__main__":
    main()
