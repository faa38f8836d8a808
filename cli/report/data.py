"""What the page shows: every figure is read here, once, from the tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch.offset_proof import Bounds
from cli.accounting import Accounts, read_accounts
from cli.lake import Lake, TableState
from cli.report.freshness import CommitWait, read_waits
from tideline.schemas import TABLES
from tideline.sources import HOUR_VERDICTS

Rows = list[dict[str, Any]]

LISTED_PER_RULE = 8
LISTED_WINDOWS = 40

BRONZE = ("bronze.tweets", "bronze.emissions")

_HOURS = "select period_hour, tweets_per_hour from t order by period_hour"
_DAYS = (
    "select cast(date_trunc('day', period_hour) as date) as day, max(tweets_per_day) as tweets "
    "from t group by 1 order by 1"
)
_DAILY = (
    "select date, coalesce(country, 'unknown') as country, coalesce(device, 'unknown') as device, "
    'sum("sum_totalEmissions") as emissions, sum(record_count) as records from t group by 1, 2, 3 order by 1, 2, 3'
)
_FORMATS = (
    "select coalesce(domain, 'unknown') as domain, coalesce(format, 'unknown') as format, "
    'sum("sum_totalEmissions") as emissions from t group by 1, 2 order by 3 desc'
)
_DOMAINS = "select domain, total_emissions from t order by total_emissions desc, domain"
_FLAGGED = "select domain, total_emissions, z_score, is_outlier from t order by z_score desc nulls last, domain"
_COVERAGE = "select coalesce(format, 'unknown') as format, avg_measured_coverage from t order by 1"
_RULES = (
    "select rule, count(*) as flagged, min(threshold) as threshold, min(score) as lowest, max(score) as highest "
    "from t group by rule order by flagged desc, rule"
)
# More than 400 points per rule would hide each other.
_ANOMALIES = (
    "select rule, entity, event_id, date, value, score, threshold, baseline, place from ("
    "  select *, row_number() over (partition by rule order by score desc, event_id) as place from t"
    ") where place <= 400 order by rule, score desc, event_id"
)
_STANDING_OUT = (
    "select id, entity, rule, window_start, hours, value, baseline, score, threshold from t "
    "where state = 'flagged' order by window_start desc, abs(score) desc, id"
)
_REASONS = (
    "select topic, reason, count(*) as records from (select topic, unnest(reasons) as reason from t) "
    "group by topic, reason order by records desc, reason"
)
_VALIDATIONS = (
    'select * from (select *, max(validated_at) over (partition by suite, "table") as newest from t) '
    'where validated_at = newest order by success, suite, expectation, "column"'
)
_BUSIEST = "select * from t order by tweets_per_hour desc, period_hour limit 10"


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
        return [row for row in self.standing_out if row["entity"] == "tweets" and row["hours"] == 1]

    @property
    def newest_standing_out(self) -> Rows:
        """The newest hours and days that stand out."""
        return self.standing_out[:LISTED_WINDOWS]

    @property
    def worst_anomalies(self) -> Rows:
        """The rows with the highest scores of each rule."""
        return [row for row in self.anomalies if row["place"] <= LISTED_PER_RULE]


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
        tweet_hours=lake.rows("gold.tweet_metrics", _HOURS),
        tweet_days=lake.rows("gold.tweet_metrics", _DAYS),
        busiest_hours=lake.rows("gold.tweet_metrics", _BUSIEST),
        daily_emissions=lake.rows("gold.daily_by_country_device", _DAILY),
        domain_formats=lake.rows("gold.daily_by_domain_format", _FORMATS),
        top_domains=lake.rows("gold.top_10_domains", _DOMAINS),
        flagged_domains=lake.rows("gold.flagged_domains", _FLAGGED),
        coverage=lake.rows("gold.avg_domain_coverage", _COVERAGE),
        anomaly_rules=lake.rows("live.anomalies", _RULES),
        anomalies=lake.rows("live.anomalies", _ANOMALIES),
        standing_out=[row for name in HOUR_VERDICTS.values() for row in lake.rows(name, _STANDING_OUT)],
        quarantine=[row for name in BRONZE for row in lake.rows(name, _REASONS)],
        waits=[wait for name in BRONZE for wait in read_waits(lake, name)],
        validations=lake.rows("ops.validations", _VALIDATIONS),
        tables=[lake.state(name) for name in TABLES],
    )
