"""What must hold in bronze, whatever was sent: it judges records, so only what Tideline itself adds is checked."""

from __future__ import annotations

from expectations.suite import CRITICAL, Suite, at_least, between, not_null, table_form
from tideline.reasons import RULE_VERSION
from tideline.schemas import TABLES


def bronze_suite(source: str) -> Suite:
    """The suite of ``bronze.<source>``."""
    table = TABLES[f"bronze.{source}"]
    expectations = (
        *table_form(table),
        *not_null("topic", "partition", "offset", "kafka_timestamp", "event_id", "reasons", "rule_version"),
        *at_least(0, "partition", "offset"),
        *between(1, RULE_VERSION, "rule_version", severity=CRITICAL),
    )
    return Suite(table.name, table.name, expectations)
