"""A lake of literal rows, small enough to be counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.builders import Write, bronze_row, write_rows
from tideline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def write(settings: Settings) -> Write:
    return lambda name, rows: write_rows(settings, name, rows)


HOUR = datetime(2020, 3, 1, 10, tzinfo=UTC)
DAY = date(2024, 3, 31)


@pytest.fixture
def lake_settings(settings: Settings) -> Settings:
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
    return settings
