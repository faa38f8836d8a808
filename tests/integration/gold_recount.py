"""Gold from bronze by an independent reader: deltalake, pandas and decimal, no Spark and none of the product's code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from statistics import mean, stdev
from typing import Any

import pandas as pd

from tests.integration.recount import first_events, read
from tideline.settings import Settings

Rows = list[tuple[Any, ...]]
COMPONENTS = ("adSelectionEmissions", "creativeDistributionEmissions", "mediaDistributionEmissions")


def assert_gold(settings: Settings) -> None:
    """Every mart holds what a recount of bronze gives, row by row."""
    tweets = first_events(read(settings, "bronze.tweets"))
    emissions = _plain(first_events(read(settings, "bronze.emissions")))
    expected = _tweet_marts(tweets) | {name: mart(emissions) for name, mart in EMISSION_MARTS.items()}
    for name, rows in expected.items():
        found = read(settings, f"gold.{name}")
        assert _sorted(_tuples(_plain(found))) == _sorted(rows), name


def _tweet_marts(tweets: pd.DataFrame) -> dict[str, Rows]:
    hours = tweets.event_time.dt.floor("h").value_counts()
    days = tweets.event_time.dt.floor("D").value_counts()
    return {"tweet_metrics": [(hour, count, days[hour.floor("D")]) for hour, count in hours.items()]}


def _daily(*dimensions: str) -> Callable[[pd.DataFrame], Rows]:
    def mart(emissions: pd.DataFrame) -> Rows:
        groups = _totals(emissions, "date", *dimensions)
        return [(*key, len(t), sum(t), _rounded(sum(t), Decimal(len(t)))) for key, t in groups.items()]

    return mart


def _top_10(emissions: pd.DataFrame) -> Rows:
    totals = [(domain, sum(t)) for (domain,), t in _totals(emissions, "domain").items()]
    return sorted(totals, key=lambda row: (-row[1], row[0]))[:10]


def _contributions(emissions: pd.DataFrame) -> Rows:
    return [
        (row["date"], row["domain"], *(_rounded(row[part], row["totalEmissions"]) for part in COMPONENTS))
        for row in emissions.to_dict("records")
    ]


def _trends(emissions: pd.DataFrame) -> Rows:
    return [(*key, sum(t)) for key, t in _totals(emissions, "date", "country").items()]


def _coverage(emissions: pd.DataFrame) -> Rows:
    groups = defaultdict(list)
    for row in emissions.to_dict("records"):
        groups[row["format"]].append(row["domainCoverage"] == "measured")
    return [(name, _rounded(Decimal(sum(m)), Decimal(len(m)))) for name, m in groups.items()]


def _flagged(emissions: pd.DataFrame) -> Rows:
    totals = {domain: sum(t) for (domain,), t in _totals(emissions, "domain").items()}
    spread = stdev(totals.values()) if len(totals) > 1 else 0
    rows = []
    for domain, total in totals.items():
        z = round(float((total - mean(totals.values())) / spread), 6) if spread else None
        rows.append((domain, total, z, z is not None and abs(z) > 2))
    return rows


EMISSION_MARTS: dict[str, Callable[[pd.DataFrame], Rows]] = {
    "daily_by_country_device": _daily("country", "device"),
    "daily_by_domain_format": _daily("domain", "format"),
    "top_10_domains": _top_10,
    "emission_contributions": _contributions,
    "daily_country_trends": _trends,
    "avg_domain_coverage": _coverage,
    "flagged_domains": _flagged,
}


def _totals(emissions: pd.DataFrame, *key: str) -> dict[tuple[Any, ...], list[Decimal]]:
    groups = defaultdict(list)
    for row in emissions.to_dict("records"):
        groups[tuple(row[name] for name in key)].append(row["totalEmissions"])
    return dict(groups)


def _rounded(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    with localcontext() as context:
        context.prec = 60
        return (dividend / divisor).quantize(Decimal("1e-9"), ROUND_HALF_UP) if divisor else None


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Missing values as None, whatever pandas makes of them."""
    return table.astype(object).where(table.notna(), None)


def _tuples(table: pd.DataFrame) -> Rows:
    return list(table.itertuples(index=False, name=None))


def _sorted(rows: Iterable[tuple[Any, ...]]) -> Rows:
    return sorted(rows, key=repr)
