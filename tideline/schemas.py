"""The table registry: every table with its columns, key, write mode and properties. Free of pyspark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

EMISSION: Final = "decimal(18,6)"
"""Emissions are decimals from bronze on: a sum of doubles depends on how rows are partitioned."""

EMISSION_SUM: Final = "decimal(28,6)"
FRACTION: Final = "decimal(28,9)"
"""Quotients are rounded to 9 places, so that they do not depend on partitioning either; 19 digits before the
point hold the largest emission divided by the smallest, so that no row can overflow a mart."""


STATS_COLUMNS: Final = "delta.dataSkippingStatsColumns"
"""The property that names the columns with file statistics; without it these are the first 32."""


@dataclass(frozen=True)
class Column:
    """A column: name, Spark SQL type, and what it holds."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Table:
    """A Delta table: one writing job, a key, and a write mode.

    ``stats`` names the columns with file statistics, where it is not all that can have exact ones. ``comment`` says
    what a row is.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    written_by: str
    write_mode: str
    stats: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    comment: str = ""

    @property
    def schema(self) -> str:
        """The part before the dot: bronze, silver, live, gold or ops."""
        return self.name.split(".")[0]

    @property
    def configuration(self) -> dict[str, str]:
        """The properties that the table is created with."""
        # deltalake writes the statistics of decimals as doubles: by those a reader skips files that hold large ones.
        exact = tuple(c.name for c in self.columns if "decimal" not in c.type)
        stats = self.stats or (exact if len(exact) < len(self.columns) else ())
        return self.properties | ({STATS_COLUMNS: ",".join(stats)} if stats else {})

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string."""
        return ", ".join(f"`{c.name}` {c.type}" for c in self.columns)

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return [c.name for c in self.columns]


_COORDINATES = (
    Column("topic", "string", "Kafka topic"),
    Column("partition", "int", "Kafka partition"),
    Column("offset", "bigint", "Kafka offset within the partition"),
    Column("kafka_timestamp", "timestamp", "when the broker appended the record (UTC)"),
)
_EVENT_ID = Column("event_id", "string", "identity of the event; the same in every resend")
_TWEET = (
    Column("tweet_id", "bigint", "the tweet's id"),
    Column("event_time", "timestamp", "when the tweet was written (UTC)"),
    Column("lang", "string", "language, as the source names it"),
    Column("country_code", "string", "country, as the source names it (country_code or country_place)"),
)
_EMISSION = (
    Column("date", "date", "the day that the row speaks of"),
    Column("domain", "string", "publisher's domain"),
    Column("format", "string", "ad format"),
    Column("country", "string", "country of the impressions"),
    Column("ad_size", "string", "ad size in pixels"),
    Column("device", "string", "device type"),
    Column("adSelectionEmissions", EMISSION, "emissions of the ad selection"),
    Column("creativeDistributionEmissions", EMISSION, "emissions of the creative's distribution"),
    Column("mediaDistributionEmissions", EMISSION, "emissions of the media's distribution"),
    Column("totalEmissions", EMISSION, "emissions in all"),
    Column("domainCoverage", "string", "measured or modeled"),
)
_VERDICT = (
    Column("reasons", "array<string>", "why the record is in quarantine; empty = valid"),
    Column("rule_version", "int", "version of the rules that judged it"),
)
_RAW = (
    Column("key", "binary", "the record's key, byte for byte"),
    Column("value", "binary", "the record's value, byte for byte"),
    Column("headers", "array<struct<key: string, value: binary>>", "the record's headers, byte for byte"),
)

_BRONZE_PROPERTIES = {
    "delta.appendOnly": "true",
    # Each commit reads the log back to the newest checkpoint, a HEAD and a GET per version: 100 would be most of a
    # micro-batch's requests to S3. With Delta's 10, a stream's checkpoints would be most of its bytes.
    "delta.checkpointInterval": "20",
    # The stream must not spend its time deleting logs, nor delete what a slow reader needs: maintenance does.
    "delta.enableExpiredLogCleanup": "false",
    # Appends only, so the feed costs nothing; it lets `clean` read exactly the versions that it has not seen.
    "delta.enableChangeDataFeed": "true",
}
_DERIVED_PROPERTIES = {"delta.checkpointInterval": "20"}
_LIVE_PROPERTIES = {"delta.checkpointInterval": "20", "delta.enableExpiredLogCleanup": "false"}


def _bronze(source: str, typed: tuple[Column, ...], time: str) -> Table:
    return Table(
        f"bronze.{source}",
        (*_COORDINATES, _EVENT_ID, *typed, *_VERDICT, *_RAW),
        ("topic", "partition", "offset"),
        "stream",
        "append",
        # Raw payloads have no statistics: minima and maxima of long bytes cost much and skip nothing.
        ("topic", "partition", "offset", "kafka_timestamp", time),
        _BRONZE_PROPERTIES,
    )


def _silver(source: str, typed: tuple[Column, ...]) -> Table:
    columns = (_EVENT_ID, *typed, *_COORDINATES)
    return Table(f"silver.{source}", columns, ("event_id",), "clean", "merge", properties=_DERIVED_PROPERTIES)


def _counts(source: str, period: str, window: Column, dimensions: tuple[str, ...], counted: str) -> Table:
    dims = tuple(Column(d, "string", f"{d}, null where unknown or not counted by") for d in dimensions)
    columns = (window, *dims, Column(counted, "bigint", "distinct events"))
    key = (window.name, *dimensions)
    return Table(f"live.{source}_counts_{period}", columns, key, "stream", "merge", properties=_LIVE_PROPERTIES)


_HOUR = Column("window_start", "timestamp", "start of the hour (UTC)")
_DAY = Column("window_start", "date", "the day (UTC)")
_TWEET_DIMENSIONS = ("lang", "country_code")
_EMISSION_DIMENSIONS = ("country", "device", "format", "domain")

_C = {c.name: c for c in _EMISSION}

_ANOMALIES = Table(
    "live.anomalies",
    (
        Column("rule", "string", "which rule flagged it"),
        Column("entity", "string", "what was flagged: the row's domain"),
        _EVENT_ID,
        Column("date", "date", "the day that the row speaks of"),
        Column("value", EMISSION, "the value that was judged"),
        Column("score", "double", "how far off, in the rule's own unit"),
        Column("threshold", "double", "the score from which on a row is flagged"),
        Column("baseline", "double", "what was expected"),
        *_COORDINATES,
    ),
    ("rule", "entity", "event_id"),
    "stream",
    "merge",
    properties=_LIVE_PROPERTIES,
)

_BASELINES = Table(
    "live.domain_baselines",
    (
        _C["domain"],
        Column("topic", "string", "Kafka topic"),
        Column("partition", "int", "Kafka partition: its order never changes, so neither does the baseline"),
        Column("median", "double", "median of log10(totalEmissions) over the sample"),
        Column("deviation", "double", "median absolute deviation from it"),
        Column(
            "sample",
            "array<struct<offset: bigint, event_id: string, kafka_timestamp: timestamp, date: date, "
            "totalEmissions: decimal(18,6)>>",
            "the domain's first events in that partition",
        ),
    ),
    ("domain", "topic", "partition"),
    "stream",
    "merge",
    properties=_LIVE_PROPERTIES,
)


def _arrivals(source: str) -> Table:
    return Table(
        f"live.{source}_arrivals",
        (
            Column("clock", "string", "what the hour is one of: event (the records' own time) or kafka (Kafka's)"),
            _HOUR,
            Column("records", "bigint", "bronze rows of the hour; by the records' own time the valid ones only"),
            Column("quarantined", "bigint", "those in quarantine"),
            Column("first_received", "timestamp", "Kafka's time of the earliest of them (UTC)"),
            Column("last_received", "timestamp", "Kafka's time of the latest of them (UTC)"),
        ),
        ("clock", "window_start"),
        "stream",
        "merge",
        properties=_LIVE_PROPERTIES,
    )


def _hour_verdicts(source: str) -> Table:
    return Table(
        f"live.{source}_hour_verdicts",
        (
            Column("id", "string", "short and stable: of the rule, the entity and the window"),
            Column("rule", "string", "unusual count, silence, or quarantine share"),
            Column("version", "int", "version of the rules"),
            Column("entity", "string", "what stands out: the source, or a part of it such as tweets lang=en"),
            Column("window_start", "timestamp", "start of the hour or day (UTC)"),
            Column("hours", "int", "the window's length: 1 or 24"),
            Column("value", "double", "what was counted, or the share in quarantine"),
            Column("baseline", "double", "what was expected: the median of earlier windows"),
            Column("spread", "double", "how much it varies"),
            Column("score", "double", "(value - baseline) / spread"),
            Column("threshold", "double", "the score, either way, above which a window is flagged"),
            Column("history", "int", "how many earlier windows the baseline is made of"),
            Column("closed_at", "timestamp", "Kafka's time of the first record of a later hour (UTC)"),
            Column(
                "first_seen", "timestamp", "Kafka's time up to which bronze was known when it was first flagged (UTC)"
            ),
            Column("last_judged", "timestamp", "Kafka's time of the newest record that the verdict rests on (UTC)"),
            Column("state", "string", "flagged, or withdrawn when it holds no more"),
        ),
        ("id",),
        "stream",
        "merge",
        properties=_LIVE_PROPERTIES,
    )


def _gold(name: str, key: tuple[str, ...], columns: tuple[Column, ...], comment: str) -> Table:
    return Table(f"gold.{name}", columns, key, "gold", "overwrite", properties=_DERIVED_PROPERTIES, comment=comment)


_RECORDS = Column("record_count", "bigint", "cleaned rows")
_SUM = Column("sum_totalEmissions", EMISSION_SUM, "sum of totalEmissions")
_AVG = Column("avg_totalEmissions", FRACTION, "mean of totalEmissions, rounded to 9 places")
_TOTAL = Column("total_emissions", EMISSION_SUM, "sum of totalEmissions")

_GOLD = (
    _gold(
        "tweet_metrics",
        ("period_hour",),
        (
            Column("period_hour", "timestamp", "start of the hour (UTC)"),
            Column("tweets_per_hour", "bigint", "distinct tweets of the hour"),
            Column("tweets_per_day", "bigint", "distinct tweets of that hour's day"),
        ),
        "Distinct tweets per hour in which there were any",
    ),
    _gold(
        "daily_by_country_device",
        ("date", "country", "device"),
        (_C["date"], _C["country"], _C["device"], _RECORDS, _SUM, _AVG),
        "Cleaned emission rows per day, country and device",
    ),
    _gold(
        "daily_by_domain_format",
        ("date", "domain", "format"),
        (_C["date"], _C["domain"], _C["format"], _RECORDS, _SUM, _AVG),
        "Cleaned emission rows per day, domain and ad format",
    ),
    _gold("top_10_domains", ("domain",), (_C["domain"], _TOTAL), "The ten domains with the highest totals"),
    _gold(
        "emission_contributions",
        (),
        (
            _C["date"],
            _C["domain"],
            Column("pct_adSelection", FRACTION, "adSelectionEmissions as a fraction of the row's total"),
            Column("pct_creativeDist", FRACTION, "creativeDistributionEmissions as a fraction of the row's total"),
            Column("pct_mediaDist", FRACTION, "mediaDistributionEmissions as a fraction of the row's total"),
        ),
        "Each cleaned emission row's components as fractions of its total",
    ),
    _gold(
        "daily_country_trends",
        ("date", "country"),
        (_C["date"], _C["country"], _TOTAL),
        "Total emissions per day and country",
    ),
    _gold(
        "avg_domain_coverage",
        ("format",),
        (
            _C["format"],
            Column("avg_measured_coverage", FRACTION, "share of the rows whose coverage is measured"),
        ),
        "How much of each ad format is measured",
    ),
    _gold(
        "flagged_domains",
        ("domain",),
        (
            _C["domain"],
            _TOTAL,
            Column(
                "z_score",
                "double",
                "distance from the mean of the domains' totals, in sample standard deviations",
            ),
            Column("is_outlier", "boolean", "whether |z_score| > 2"),
        ),
        "Each domain's total against all domains' totals",
    ),
)

_VALIDATIONS = Table(
    "ops.validations",
    (
        Column("run_id", "string", "one id per validation run"),
        Column("validated_at", "timestamp", "when the run began (UTC)"),
        Column("suite", "string", "the suite's name"),
        Column("table", "string", "the table that was validated, or landing.<source>"),
        Column("table_version", "bigint", "its Delta version; null for landed files"),
        Column("expectation", "string", "the expectation's type"),
        Column("column", "string", "the column or columns it speaks of"),
        Column("severity", "string", "critical, warning or info"),
        Column("success", "boolean", "whether it holds"),
        Column("observed", "string", "what was found, as JSON; null when it holds"),
    ),
    ("run_id", "suite", "table", "expectation", "column"),
    "validate",
    "append",
)

_REBUILDS = Table(
    "ops.rebuilds",
    (
        Column("run_id", "string", "one id per rebuild"),
        Column("rebuilt_at", "timestamp", "when it ended (UTC)"),
        Column("first_day", "date", "from which day on it rebuilt"),
        Column("last_day", "date", "to which day"),
        Column("table", "string", "the table that was compared with bronze"),
        Column("day", "date", "a day that differed; null where nothing did, and in tables without days"),
        Column("missing", "bigint", "rows that were missing"),
        Column("extra", "bigint", "rows too many"),
        Column("different", "bigint", "rows with other values"),
    ),
    ("run_id", "table", "day"),
    "rebuild",
    "append",
)

_AUDIT = Table(
    "ops.audit",
    (
        Column("run_id", "string", "one id per audit"),
        Column("audited_at", "timestamp", "when the audit began (UTC)"),
        Column("table", "string", "the bronze table"),
        Column("table_version", "bigint", "its Delta version"),
        Column("topic", "string", "Kafka topic"),
        Column("partition", "int", "Kafka partition"),
        Column("first", "bigint", "bronze's first offset; null where it has no rows"),
        Column("last", "bigint", "bronze's last offset"),
        Column("rows", "bigint", "rows in bronze"),
        Column("offsets", "bigint", "different offsets in bronze"),
        Column("missing", "bigint", "offsets without a row of which a reader of Kafka could have a record"),
        Column("unreadable", "bigint", "offsets without a row and without a record: markers and aborted records"),
        Column("doubled", "bigint", "offsets with more than one row"),
        Column("kafka_first", "bigint", "Kafka's first offset; null when Kafka was not there to ask"),
        Column("kafka_end", "bigint", "the offset that Kafka's next record gets"),
        Column("lag", "bigint", "offsets that lie above bronze's last one"),
        Column("verdict", "string", "holds, holds by itself (Kafka was not there to ask), or fails"),
        Column("detail", "string", "what fails, with offsets; null when it holds"),
    ),
    ("run_id", "table", "topic", "partition"),
    "audit",
    "append",
)

_DRIFT = Table(
    "ops.drift",
    (
        Column("run_id", "string", "one id per comparison"),
        Column("reconciled_at", "timestamp", "when it began (UTC)"),
        Column("live_table", "string", "the live table"),
        Column("gold_table", "string", "the mart that it was compared with"),
        Column("window_start", "timestamp", "the hour or day that differs (UTC)"),
        Column("key", "string", "what else the row is of, as JSON; null for the whole window"),
        Column("live", "bigint", "the live count"),
        Column("gold", "bigint", "gold's count"),
        Column("difference", "bigint", "live - gold"),
        Column("gold_version", "bigint", "the version of bronze that gold was made from"),
        Column("gold_recount", "bigint", "events recounted from that version"),
        Column("bronze_version", "bigint", "bronze's newest version, read after the live table"),
        Column("recount", "bigint", "events recounted from the newest version"),
        Column("late_resends", "bigint", "resends that came later than the horizon"),
        Column("explanation", "string", "newer rows, live behind, late resends, or unexplained"),
    ),
    ("run_id", "live_table", "gold_table", "window_start", "key"),
    "reconcile",
    "append",
)

_PROGRESS = Table(
    "ops.progress",
    (
        Column("finished_at", "timestamp", "when what the batch wrote was visible (UTC)"),
        Column("query", "string", "the streaming query: bronze.<source> or live.<…>"),
        Column("run_id", "string", "one id per start of the query"),
        Column("batch", "bigint", "the batch's number, which rises over all starts"),
        Column("seconds", "double", "how long the batch took"),
        Column("rows", "bigint", "rows that it read"),
        Column("valid", "bigint", "of them those without reasons; null but for bronze"),
        Column("quarantined", "bigint", "of them those with reasons; null but for bronze"),
        Column("lag", "bigint", "records that Kafka had when it began and that it left; null but for bronze"),
        Column("partition_lag", "array<struct<partition: int, lag: bigint>>", "the same for each Kafka partition"),
        Column("oldest_seconds", "double", "from Kafka's time of its first record to finished_at; null for flags"),
        Column("newest_seconds", "double", "from Kafka's time of its last record to finished_at; null for flags"),
        Column("late_rows", "bigint", "rows that were behind the watermark; null for a query without state"),
        Column("state_bytes", "bigint", "memory of its state"),
        Column("state_rows_written", "bigint", "rows that it put into its state"),
        Column("state_rows_removed", "bigint", "rows that it dropped from its state"),
        Column("commit_retries", "bigint", "commits tried again since its last batch: another writer had been faster"),
    ),
    ("query", "run_id", "batch"),
    "stream",
    "append",
    properties=_LIVE_PROPERTIES,
    comment="One finished batch of the stream",
)

TABLES: Final[dict[str, Table]] = {
    t.name: t
    for t in (
        _bronze("tweets", _TWEET, "event_time"),
        _bronze("emissions", _EMISSION, "date"),
        _silver("tweets", _TWEET),
        _silver("emissions", _EMISSION),
        _counts("tweet", "hourly", _HOUR, _TWEET_DIMENSIONS, "tweets"),
        _counts("tweet", "daily", _DAY, _TWEET_DIMENSIONS, "tweets"),
        _counts("emission", "hourly", _HOUR, _EMISSION_DIMENSIONS, "emissions"),
        _counts("emission", "daily", _DAY, _EMISSION_DIMENSIONS, "emissions"),
        _arrivals("tweet"),
        _hour_verdicts("tweet"),
        _arrivals("emission"),
        _hour_verdicts("emission"),
        _ANOMALIES,
        _BASELINES,
        *_GOLD,
        _VALIDATIONS,
        _AUDIT,
        _DRIFT,
        _REBUILDS,
        _PROGRESS,
    )
}
"""Every table of the lake by its name, ``schema.table``."""
