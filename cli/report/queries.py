"""What the result page and the dashboard ask of the tables, in DataFusion's SQL; a query's table is ``t``."""

HOURS = "select period_hour, tweets_per_hour from t order by period_hour"
DAYS = (
    "select cast(date_trunc('day', period_hour) as date) as day, max(tweets_per_day) as tweets "
    "from t group by 1 order by 1"
)
DAILY = (
    "select date, coalesce(country, 'unknown') as country, coalesce(device, 'unknown') as device, "
    'sum("sum_totalEmissions") as emissions, sum(record_count) as records from t group by 1, 2, 3 order by 1, 2, 3'
)
FORMATS = (
    "select coalesce(domain, 'unknown') as domain, coalesce(format, 'unknown') as format, "
    'sum("sum_totalEmissions") as emissions from t group by 1, 2 order by 3 desc'
)
DOMAINS = "select domain, total_emissions from t order by total_emissions desc, domain"
FLAGGED = "select domain, total_emissions, z_score, is_outlier from t order by z_score desc nulls last, domain"
COVERAGE = "select coalesce(format, 'unknown') as format, avg_measured_coverage from t order by 1"
RULES = (
    "select rule, count(*) as flagged, min(threshold) as threshold, min(score) as lowest, max(score) as highest "
    "from t group by rule order by flagged desc, rule"
)
# More than 400 points per rule would hide each other.
ANOMALIES = (
    "select rule, entity, event_id, date, value, score, threshold, baseline, place from ("
    "  select *, row_number() over (partition by rule order by score desc, event_id) as place from t"
    ") where place <= 400 order by rule, score desc, event_id"
)
REASONS = (
    "select topic, reason, count(*) as records from (select topic, unnest(reasons) as reason from t) "
    "group by topic, reason order by records desc, reason"
)
VALIDATIONS = (
    'select * from (select *, max(validated_at) over (partition by suite, "table") as newest from t) '
    'where validated_at = newest order by success, suite, expectation, "column"'
)
BUSIEST = "select * from t order by tweets_per_hour desc, period_hour limit 10"
STANDING_OUT = (
    "select id, entity, rule, window_start, hours, value, baseline, score, threshold from t "
    "where state = 'flagged' order by window_start desc, abs(score) desc, id"
)
LIVE_HOURS = "select window_start as period_hour, sum(tweets) as tweets_per_hour from t group by 1 order by 1"
LIVE_DAYS = "select window_start as day, sum(tweets) as tweets from t group by 1 order by 1"
LIVE_RECEIVED = "select window_start as hour, sum(emissions) as rows from t group by 1 order by 1"
DAILY_FORMATS = (
    "select date, coalesce(format, 'unknown') as format, sum(\"sum_totalEmissions\") as emissions "
    "from t group by 1, 2 order by 1, 2"
)
AUDIT = (
    'select * from (select *, max(audited_at) over (partition by "table") as newest from t) '
    'where audited_at = newest order by "table", topic, "partition"'
)
DRIFT = (
    "select * from (select *, max(reconciled_at) over () as newest from t) where reconciled_at = newest "
    "order by explanation desc, live_table, window_start limit 200"
)
