"""What must agree between layers, asked of a frame of one row that holds the figures by name."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations.suite import CRITICAL, WARNING, Suite, between

QUARANTINE_SHARE = 0.1
"""The share of quarantined records from which on the input, not a record, is what is wrong."""

_GOLD = {
    "gold.tweet_metrics": {"tweets_per_hour": "silver_tweets"},
    "gold.daily_by_country_device": {
        "country_device_records": "silver_emissions",
        "country_device_total": "silver_total",
    },
    "gold.daily_by_domain_format": {"domain_format_records": "silver_emissions", "domain_format_total": "silver_total"},
    "gold.emission_contributions": {"contribution_rows": "silver_emissions"},
    "gold.daily_country_trends": {"country_trends_total": "silver_total"},
    "gold.flagged_domains": {"flagged_domains_total": "silver_total"},
}


def bronze_accounting(source: str) -> Suite:
    """How much of ``bronze.<source>`` is in quarantine; needs ``quarantined_share``."""
    share = between(0, QUARANTINE_SHARE, "quarantined_share", severity=WARNING)
    return Suite("accounting", f"bronze.{source}", share)


def silver_accounting(source: str) -> Suite:
    """Silver holds every distinct valid event of bronze, once; needs ``silver_rows`` and ``bronze_valid_events``."""
    return _equal(f"silver.{source}", {"silver_rows": "bronze_valid_events"})


def gold_accounting() -> list[Suite]:
    """The marts hold all rows and sums of silver; a mart that is older than silver fails."""
    return [_equal(table, pairs) for table, pairs in _GOLD.items()]


def _equal(table: str, pairs: dict[str, str]) -> Suite:
    expectations = tuple(
        gxe.ExpectColumnPairValuesToBeEqual(column_A=found, column_B=expected, severity=CRITICAL)
        for found, expected in pairs.items()
    )
    return Suite("accounting", table, expectations)
