"""Counts by window, read by DataFusion: of live tables, of marts, and of events as bronze gives them. No Spark.

An event counts once, in the window of its first valid row by Kafka time, partition and offset, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from deltalake import DeltaTable as DeltaLog

from tideline.lake import query
from tideline.settings import Settings

Window = datetime | date
Key = tuple[Any, ...]
"""A window, and the values of the dimensions; null is a value."""

LISTED_WINDOWS = 1_000
"""So many windows are named one by one; of more, all between the first and the last are looked at."""


@dataclass(frozen=True)
class Comparison:
    """A live table and the mart that must hold the same counts.

    Attributes:
        live_count: the live table's column of counts.
        gold_window: the mart's window, in SQL.
        gold_count: the mart's count of a row, or an aggregate where it stands in several rows.
        window: the window of a bronze row, in SQL.
        dimensions: what is counted by beside the window, alike in all three.
    """

    source: str
    live: str
    live_count: str
    gold: str
    gold_window: str
    gold_count: str
    window: str
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recounted:
    """Of one key: its events, and its resends that came later than the horizon."""

    events: int = 0
    late_resends: int = 0


NOTHING: Final = Recounted()


def comparisons(settings: Settings) -> list[Comparison]:
    """What is compared; by dimension only where the live counts have it."""
    hours, days = "live.tweet_counts_hourly", "live.tweet_counts_daily"
    day = "cast(date_trunc('day', period_hour) as date)"
    return [
        Comparison(
            *("tweets", hours, "tweets", "gold.tweet_metrics", "period_hour", "sum(tweets_per_hour)"),
            window="date_trunc('hour', event_time)",
        ),
        Comparison(
            *("tweets", days, "tweets", "gold.tweet_metrics", day, "max(tweets_per_day)"),
            window="cast(date_trunc('day', event_time) as date)",
        ),
        *(
            Comparison(
                *("emissions", "live.emission_counts_daily", "emissions", mart, "date", "sum(record_count)"),
                window="date",
                dimensions=tuple(d for d in dimensions if d in settings.emission_dimensions),
            )
            for mart, dimensions in (
                ("gold.daily_by_country_device", ("country", "device")),
                ("gold.daily_by_domain_format", ("domain", "format")),
            )
        ),
    ]


def count_live(table: DeltaLog, comparison: Comparison) -> dict[Key, int]:
    """The live counts by key."""
    return _counts(table, "window_start", f'sum("{comparison.live_count}")', comparison.dimensions)


def count_gold(table: DeltaLog, comparison: Comparison) -> dict[Key, int]:
    """The mart's counts by key."""
    return _counts(table, comparison.gold_window, comparison.gold_count, comparison.dimensions)


def recount(
    bronze: DeltaLog,
    comparison: Comparison,
    windows: Collection[Window],
    upto: Mapping[int, int],
    horizon_minutes: int,
) -> dict[Key, Recounted]:
    """Count the events of some windows from bronze. Memory grows with the rows of these windows' events only.

    Args:
        bronze: the table; it is appended to in the order of its offsets.
        comparison: says what a window is.
        windows: the windows; others are in the result too, but not whole.
        upto: the highest offset that counts, by partition. So an older version can be counted whose files are gone.
        horizon_minutes: a resend that comes later is counted again by the live counts.
    """
    if not windows or not upto:
        return {}
    sql = _RECOUNT.format(
        window=comparison.window,
        dimensions="".join(f', "{d}"' for d in comparison.dimensions),
        known=" or ".join(f'("partition" = {p} and "offset" <= {last})' for p, last in upto.items()),
        wanted=_wanted(windows),
        horizon=f"interval '{horizon_minutes} minutes'",
    )
    rows = query(bronze, sql)
    names = ("w", *comparison.dimensions)
    return {tuple(r[name] for name in names): Recounted(r["events"], r["late"]) for r in rows}


_RECOUNT = """
with valid as (
    select event_id, {window} as w{dimensions}, kafka_timestamp, "partition", "offset"
    from t where cardinality(reasons) = 0 and ({known})
),
wanted as (select distinct event_id from valid where {wanted}),
ranked as (
    select w{dimensions}, kafka_timestamp,
           row_number() over event as place,
           first_value(kafka_timestamp) over event as first_time
    from valid where event_id in (select event_id from wanted)
    window event as (partition by event_id order by kafka_timestamp, "partition", "offset")
)
select w{dimensions},
       count(*) filter (where place = 1) as events,
       count(*) filter (where place > 1 and kafka_timestamp > first_time + {horizon}) as late
from ranked group by w{dimensions}
"""


def _counts(table: DeltaLog, window: str, count: str, dimensions: tuple[str, ...]) -> dict[Key, int]:
    names = "".join(f', "{d}"' for d in dimensions)
    groups = ", ".join(str(n + 1) for n in range(1 + len(dimensions)))
    rows = query(table, f"select {window} as w{names}, {count} as n from t group by {groups}")  # noqa: S608
    return {tuple(row[name] for name in ("w", *dimensions)): int(row["n"]) for row in rows}


def _wanted(windows: Collection[Window]) -> str:
    if len(windows) <= LISTED_WINDOWS:
        return f"w in ({', '.join(_literal(window) for window in windows)})"
    return f"w between {_literal(min(windows))} and {_literal(max(windows))}"


def _literal(window: Window) -> str:
    if isinstance(window, datetime):
        return f"to_timestamp('{window.astimezone(UTC).isoformat()}')"
    return f"date '{window.isoformat()}'"
