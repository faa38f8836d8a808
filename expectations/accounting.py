"""What must agree between layers, asked of a frame of one row that holds the figures by name."""

from __future__ import annotations

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.suite import CRITICAL, WARNING, Suite, between
from tideline.reasons import SOURCE_REASONS
from tideline.settings import Settings

SCHEMA = ("found_schema", "declared_schema")

_GOLD = {
    "gold.tweet_metrics": {"tweets_per_hour": "silver_tweets", "tweets_per_day": "silver_tweets"},
    "gold.daily_by_country_device": {
        "country_device_records": "silver_emissions",
        "country_device_total": "silver_total",
    },
    "gold.daily_by_domain_format": {"domain_format_records": "silver_emissions", "domain_format_total": "silver_total"},
    "gold.top_10_domains": {"top_domains": "expected_top_domains"},
    "gold.emission_contributions": {"contribution_rows": "silver_emissions"},
    "gold.daily_country_trends": {"country_trends_total": "silver_total"},
    "gold.avg_domain_coverage": {},
    "gold.flagged_domains": {"flagged_domains_total": "silver_total"},
}
_ODD_ROWS = {"tweets": "times_in_future", "emissions": "sum_mismatches"}


def bronze_accounting(source: str, limits: Settings) -> Suite:
    """How much of ``bronze.<source>`` is in quarantine, in all and for each reason, and how old its newest record is.

    Needs ``quarantined_share``, a share by the name of each reason, ``unknown_reasons`` and ``bronze_age_minutes``,
    which is null where bronze is empty.
    """
    shares = [str(reason) for reason in SOURCE_REASONS[source]]
    return Suite(
        "accounting",
        f"bronze.{source}",
        (
            *_pairs({}),
            *between(0, limits.quarantine_share, "quarantined_share", severity=WARNING),
            *between(0, limits.reason_share, *shares, severity=WARNING),
            *between(0, 0, "unknown_reasons", severity=CRITICAL),
            *between(0, limits.bronze_age_minutes, "bronze_age_minutes", severity=WARNING),
        ),
    )


def silver_accounting(source: str, limits: Settings) -> Suite:
    """Silver holds every distinct valid event of bronze, once, and is not far behind it.

    Needs ``silver_rows``, ``bronze_valid_events``, ``silver_lag_minutes``, and how many rows break the rule that no
    single column shows: ``times_in_future`` or ``sum_mismatches``.
    """
    return Suite(
        "accounting",
        f"silver.{source}",
        (
            *_pairs({"silver_rows": "bronze_valid_events"}),
            *between(0, 0, _ODD_ROWS[source], severity=CRITICAL),
            *between(0, limits.silver_lag_minutes, "silver_lag_minutes", severity=WARNING),
        ),
    )


def gold_accounting() -> list[Suite]:
    """The marts hold all rows and sums of silver; a mart that is older than silver fails."""
    flags = between(0, 0, "outliers_misjudged", severity=CRITICAL)
    return [
        Suite("accounting", table, (*_pairs(pairs), *(flags if table == "gold.flagged_domains" else ())))
        for table, pairs in _GOLD.items()
    ]


def _pairs(pairs: dict[str, str]) -> tuple[Expectation, ...]:
    """These figures agree, and the columns have the declared types."""
    return tuple(
        gxe.ExpectColumnPairValuesToBeEqual(column_A=found, column_B=expected, severity=CRITICAL)
        for found, expected in (SCHEMA, *pairs.items())
    )
