"""What must hold in each mart by itself; what must agree between marts and silver is in ``accounting``."""

from __future__ import annotations

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.suite import CRITICAL, USUALLY, WARNING, Suite, at_least, between, not_null, table_form
from tideline.schemas import TABLES

TOP_DOMAINS = 10

_FRACTIONS = ("pct_adSelection", "pct_creativeDist", "pct_mediaDist")
_DAILY = ("record_count", "sum_totalEmissions", "avg_totalEmissions")


def gold_suites() -> list[Suite]:
    """One suite per mart."""
    return [Suite(name, name, (*table_form(TABLES[name]), *own)) for name, own in _own().items()]


def _own() -> dict[str, tuple[Expectation, ...]]:
    """The expectations of each mart beside its form."""
    return {
        "gold.tweet_metrics": (
            *not_null("period_hour", "tweets_per_hour", "tweets_per_day"),
            *at_least(1, "tweets_per_hour"),
            _day_holds_hour(),
        ),
        "gold.daily_by_country_device": (*not_null("date", "country", *_DAILY), *at_least(1, "record_count")),
        "gold.daily_by_domain_format": (*not_null("date", "domain", *_DAILY), *at_least(1, "record_count")),
        "gold.top_10_domains": (
            *not_null("domain", "total_emissions"),
            gxe.ExpectTableRowCountToBeBetween(max_value=TOP_DOMAINS, severity=CRITICAL),
        ),
        "gold.emission_contributions": (
            *not_null("date", "domain"),
            # A negative component is kept, and gives a fraction outside the range.
            *between(0, 1, *_FRACTIONS, severity=WARNING, mostly=USUALLY),
        ),
        "gold.daily_country_trends": not_null("date", "country", "total_emissions"),
        "gold.avg_domain_coverage": (
            *not_null("avg_measured_coverage"),
            *between(0, 1, "avg_measured_coverage", severity=CRITICAL),
        ),
        "gold.flagged_domains": not_null("domain", "total_emissions", "is_outlier"),
    }


def _day_holds_hour() -> Expectation:
    # Of a row with one null Spark knows no answer, and pandas says no.
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="tweets_per_day",
        column_B="tweets_per_hour",
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        severity=CRITICAL,
    )
