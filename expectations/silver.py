"""What must hold in silver: valid, typed, once per event."""

from __future__ import annotations

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.suite import USUALLY, WARNING, Suite, at_least, not_null, table_form
from tideline.schemas import TABLES

EMISSIONS = ("adSelectionEmissions", "creativeDistributionEmissions", "mediaDistributionEmissions", "totalEmissions")
COVERAGES = ["measured", "modeled"]

_COORDINATES = ("event_id", "topic", "partition", "offset", "kafka_timestamp")


def silver_suite(source: str) -> Suite:
    """The suite of ``silver.<source>``."""
    table = TABLES[f"silver.{source}"]
    own = {"tweets": _tweets, "emissions": _emissions}[source]
    return Suite(table.name, table.name, (*table_form(table), *not_null(*_COORDINATES), *own()))


def _tweets() -> tuple[Expectation, ...]:
    return (*not_null("tweet_id", "event_time"), *at_least(1, "tweet_id"))


def _emissions() -> tuple[Expectation, ...]:
    coverage = gxe.ExpectColumnValuesToBeInSet(
        column="domainCoverage", value_set=COVERAGES, mostly=USUALLY, severity=WARNING
    )
    return (
        *not_null("date", "domain", "country", *EMISSIONS),
        *at_least(0, *EMISSIONS, severity=WARNING, mostly=USUALLY),
        *(
            gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=USUALLY, severity=WARNING)
            for column in ("format", "device", "domainCoverage")
        ),
        coverage,
    )
