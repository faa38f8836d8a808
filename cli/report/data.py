"""What the page shows: every figure is read here, once, from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch.offset_proof import Bounds
from cli.accounting import Accounts, read_accounts
from cli.lake import Lake, TableState
from cli.report import queries
from cli.report.freshness import CommitWait, read_waits
from tideline.schemas import TABLES
from tideline.sources import HOUR_VERDICTS

Rows = list[dict[str, Any]]

LISTED_PER_RULE = 8
LISTED_WINDOWS = 40

BRONZE = ("bronze.tweets", "bronze.emissions")


@dataclass(frozen=True)
class ReportData:
    """All figures of the page; a missing table leaves its rows empty."""

    built_at: datetime
    accounts: Accounts
    broker_asked: bool
    tweet_hours: Rows
    tweet_days: Rows
    busiest_hours: Rows
    daily_emissions: Rows
    domain_formats: Rows
    top_domains: Rows
    flagged_domains: Rows
    coverage: Rows
    anomaly_rules: Rows
    anomalies: Rows
    standing_out: Rows
    quarantine: Rows
    waits: list[CommitWait]
    validations: Rows
    tables: list[TableState]

    @property
    def standing_hours(self) -> Rows:
        """The hours in which tweets as a whole stand out."""
        return tweet_hours(self.standing_out)

    @property
    def newest_standing_out(self) -> Rows:
        """The newest hours and days that stand out."""
        return self.standing_out[:LISTED_WINDOWS]

    @property
    def worst_anomalies(self) -> Rows:
        """The rows with the highest scores of each rule."""
        return [row for row in self.anomalies if row["place"] <= LISTED_PER_RULE]


def tweet_hours(verdicts: Rows) -> Rows:
    """Of verdicts those on hours of tweets as a whole, which the curve of tweets per hour can show."""
    return [row for row in verdicts if row["entity"] == "tweets" and row["hours"] == 1]


def read_report(lake: Lake, offsets: Bounds | None) -> ReportData:
    """Read every figure.

    Args:
        lake: the tables.
        offsets: what the broker has, or null when it is not running.
    """
    return ReportData(
        built_at=datetime.now(UTC),
        accounts=read_accounts(lake, offsets),
        broker_asked=offsets is not None,
        tweet_hours=lake.rows("gold.tweet_metrics", queries.HOURS),
        tweet_days=lake.rows("gold.tweet_metrics", queries.DAYS),
        busiest_hours=lake.rows("gold.tweet_metrics", queries.BUSIEST),
        daily_emissions=lake.rows("gold.daily_by_country_device", queries.DAILY),
        domain_formats=lake.rows("gold.daily_by_domain_format", queries.FORMATS),
        top_domains=lake.rows("gold.top_10_domains", queries.DOMAINS),
        flagged_domains=lake.rows("gold.flagged_domains", queries.FLAGGED),
        coverage=lake.rows("gold.avg_domain_coverage", queries.COVERAGE),
        anomaly_rules=lake.rows("live.anomalies", queries.RULES),
        anomalies=lake.rows("live.anomalies", queries.ANOMALIES),
        standing_out=[row for name in HOUR_VERDICTS.values() for row in lake.rows(name, queries.STANDING_OUT)],
        quarantine=[row for name in BRONZE for row in lake.rows(name, queries.REASONS)],
        waits=[wait for name in BRONZE for wait in read_waits(lake, name)],
        validations=lake.rows("ops.validations", queries.VALIDATIONS),
        tables=[lake.state(name) for name in TABLES],
    )
