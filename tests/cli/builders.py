"""A literal lake: Delta tables written without Spark, with the columns that the registry declares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tideline.rows import append_rows
from tideline.settings import Settings

Write = Callable[[str, list[dict[str, Any]]], None]

HOUR = datetime(2020, 3, 1, 10, tzinfo=UTC)
DAY = date(2024, 3, 31)


def write_rows(settings: Settings, name: str, rows: list[dict[str, Any]]) -> None:
    """Append rows to a table; columns that a row does not name are null."""
    append_rows(settings, name, rows)


def bronze_row(topic: str, partition: int, offset: int, event_id: str, *reasons: str, **columns: Any) -> dict[str, Any]:
    """A bronze row, received by Kafka one second after the one before it in its partition."""
    return {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "kafka_timestamp": datetime(2024, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=offset),
        "event_id": event_id,
        "reasons": list(reasons),
        "rule_version": 1,
    } | columns


def write_small_lake(settings: Settings) -> None:
    """Four tweet records (one a resend, one in quarantine) and two emission rows, taken through to gold."""
    tweet = {"tweet_id": 1, "event_time": HOUR}
    emission = {"date": DAY, "domain": "news.example", "country": "FR", "device": "phone"}
    tables: dict[str, list[dict[str, Any]]] = {
        "bronze.tweets": [
            bronze_row("tweets", 0, 0, "a", **tweet),
            bronze_row("tweets", 0, 1, "b", **tweet),
            bronze_row("tweets", 0, 2, "a", **tweet),
            bronze_row("tweets", 1, 0, "c", "date or time is missing"),
        ],
        "bronze.emissions": [
            bronze_row("emissions", 0, 0, "e1", **emission),
            bronze_row("emissions", 0, 1, "e2", **emission),
        ],
        "silver.tweets": [{"event_id": e, "topic": "tweets", **tweet} for e in "ab"],
        "silver.emissions": [{"event_id": e, **emission} for e in ("e1", "e2")],
        "live.tweet_counts_hourly": [{"window_start": HOUR, "tweets": 2}],
        "live.tweet_counts_daily": [{"window_start": HOUR.date(), "tweets": 2}],
        "live.emission_counts_hourly": [{"window_start": HOUR, "country": "FR", "emissions": 2}],
        "live.emission_counts_daily": [{"window_start": DAY, "country": "FR", "emissions": 2}],
        "live.anomalies": [
            {
                "rule": "negative value",
                "entity": "news.example",
                "event_id": "e1",
                "date": DAY,
                "value": Decimal("-1.25"),
                "score": 1.25,
                "threshold": 0.0,
                "baseline": 0.0,
            }
        ],
        "live.tweet_hour_verdicts": [
            {
                "id": "3f9c01d2ab",
                "rule": "unusual count",
                "entity": "tweets",
                "window_start": HOUR,
                "hours": 1,
                "value": 2.0,
                "baseline": 40.0,
                "score": -5.5,
                "threshold": 5.0,
                "state": state,
            }
            for state in ("flagged", "withdrawn")
        ],
        "gold.tweet_metrics": [{"period_hour": HOUR, "tweets_per_hour": 2, "tweets_per_day": 2}],
        "gold.daily_by_country_device": [
            {
                "date": DAY,
                "country": "FR",
                "device": "phone",
                "record_count": 2,
                "sum_totalEmissions": Decimal("12.5"),
                "avg_totalEmissions": Decimal("6.25"),
            }
        ],
        "gold.daily_by_domain_format": [
            {
                "date": DAY,
                "domain": "news.example",
                "format": None,
                "record_count": 2,
                "sum_totalEmissions": Decimal("12.5"),
                "avg_totalEmissions": Decimal("6.25"),
            }
        ],
        "gold.top_10_domains": [{"domain": "news.example", "total_emissions": Decimal("12.5")}],
        "gold.flagged_domains": [
            {"domain": "news.example", "total_emissions": Decimal("12.5"), "z_score": None, "is_outlier": False}
        ],
        "gold.avg_domain_coverage": [{"format": "banner", "avg_measured_coverage": Decimal("0.5")}],
        "ops.validations": [
            {
                "run_id": "r",
                "validated_at": HOUR,
                "suite": "bronze.tweets",
                "table": "bronze.tweets",
                "table_version": 0,
                "expectation": "expect_column_values_to_not_be_null",
                "column": "topic",
                "severity": "critical",
                "success": True,
                "observed": "{}",
            }
        ],
    }
    for name, rows in tables.items():
        write_rows(settings, name, rows)
