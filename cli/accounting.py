"""The proof: every Kafka offset in bronze once, every event counted alike by every road. Pure but for the reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cli.lake import Lake

Offsets = Mapping[tuple[str, int], tuple[int, int]]
"""Per (topic, partition): the first and the next offset that the broker has."""

_BRONZE_SQL = """
select topic, "partition", count(*) as rows, count(distinct "offset") as offsets,
       min("offset") as first, max("offset") as last,
       count(*) filter (where cardinality(reasons) = 0) as valid,
       count(*) filter (where cardinality(reasons) > 0) as quarantined
from t group by topic, "partition"
"""


@dataclass(frozen=True)
class PartitionAccount:
    """One partition: what Kafka holds against what bronze holds.

    ``kafka`` (records), ``end`` (the next offset) and ``lag`` are null while the broker is not asked; then bronze
    must be without gaps on its own, from ``first`` to ``last``, which are null where it has no rows.
    """

    topic: str
    partition: int
    kafka: int | None
    rows: int
    offsets: int
    valid: int
    quarantined: int
    lag: int | None
    first: int | None = None
    last: int | None = None
    end: int | None = None

    @property
    def holds(self) -> bool:
        """Whether Kafka records = bronze rows = distinct offsets = valid + quarantined."""
        expected = self.kafka if self.kafka is not None else self._span
        return expected == self.rows == self.offsets == self.valid + self.quarantined

    @property
    def _span(self) -> int:
        return 0 if self.first is None or self.last is None else self.last - self.first + 1


@dataclass(frozen=True)
class EventAccount:
    """One source: its distinct valid events, counted by five roads; null where a table is missing."""

    source: str
    recount: int | None
    live_hourly: int | None
    live_daily: int | None
    silver: int | None
    gold: int | None

    @property
    def counts(self) -> dict[str, int | None]:
        """The counts by the road's name."""
        return {
            "recounted from bronze": self.recount,
            "live, by hour": self.live_hourly,
            "live, by day": self.live_daily,
            "silver rows": self.silver,
            "gold": self.gold,
        }

    @property
    def holds(self) -> bool:
        """Whether all counts that exist are the same number."""
        return len({count for count in self.counts.values() if count is not None}) <= 1


@dataclass(frozen=True)
class Accounts:
    """Both proofs of the lake."""

    partitions: list[PartitionAccount]
    events: list[EventAccount]

    @property
    def hold(self) -> bool:
        """Whether there is something to account for, and every line of it agrees."""
        lines: list[PartitionAccount | EventAccount] = [*self.partitions, *self.events]
        return any(p.rows for p in self.partitions) and all(line.holds for line in lines)


def read_accounts(lake: Lake, offsets: Offsets | None) -> Accounts:
    """Account for bronze and for the events.

    Args:
        lake: the tables.
        offsets: what the broker has, or null when it is not running.
    """
    return Accounts(read_partitions(lake, offsets), read_events(lake))


def read_partitions(lake: Lake, offsets: Offsets | None) -> list[PartitionAccount]:
    """Account for each partition that Kafka or bronze knows."""
    found = {
        (row["topic"], row["partition"]): row
        for name in ("bronze.tweets", "bronze.emissions")
        for row in lake.rows(name, _BRONZE_SQL)
    }
    keys = sorted(found.keys() | set(offsets or {}))
    return [_partition(key, found.get(key, {}), offsets) for key in keys]


def read_events(lake: Lake) -> list[EventAccount]:
    """Count the events of each source by every road."""
    return [
        _events(lake, "tweets", "tweet", "gold.tweet_metrics", "sum(tweets_per_hour)"),
        _events(lake, "emissions", "emission", "gold.daily_by_country_device", "sum(record_count)"),
    ]


def _partition(key: tuple[str, int], row: Mapping[str, int], offsets: Offsets | None) -> PartitionAccount:
    topic, partition = key
    bounds = (offsets or {}).get(key)
    first, last = row.get("first"), row.get("last")
    kafka = lag = end = None
    if bounds is not None:
        # Retention deletes from the front what bronze has long read: the account begins at the older of the two.
        begin = bounds[0] if first is None else min(bounds[0], first)
        end = bounds[1]
        kafka = end - begin
        lag = end - (begin if last is None else last + 1)
    counts = {name: row.get(name, 0) for name in ("rows", "offsets", "valid", "quarantined")}
    return PartitionAccount(topic, partition, kafka, **counts, lag=lag, first=first, last=last, end=end)


def _events(lake: Lake, source: str, stem: str, gold: str, gold_sum: str) -> EventAccount:
    valid = "count(distinct event_id) filter (where cardinality(reasons) = 0)"
    return EventAccount(
        source,
        recount=lake.number(f"bronze.{source}", valid),
        live_hourly=lake.number(f"live.{stem}_counts_hourly", f"sum({source})"),
        live_daily=lake.number(f"live.{stem}_counts_daily", f"sum({source})"),
        silver=lake.number(f"silver.{source}", "count(*)"),
        gold=lake.number(gold, gold_sum),
    )
