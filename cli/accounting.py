"""The proof: every Kafka offset in bronze once, every event counted alike by every road. Pure but for the reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from batch.offset_proof import Bounds, PartitionProof, prove_offsets
from cli.lake import Lake
from tideline.coverage import read_coverage
from tideline.lake import open_log
from tideline.readable import readable_ranges

_VERDICTS_SQL = """
select topic, "partition",
       count(*) filter (where cardinality(reasons) = 0) as valid,
       count(*) filter (where cardinality(reasons) > 0) as quarantined
from t group by topic, "partition"
"""


@dataclass(frozen=True)
class PartitionAccount:
    """One partition: what Kafka holds against what bronze holds.

    ``kafka`` (records), ``end`` (the next offset) and ``lag`` are null while the broker is not asked. ``proven`` says
    whether every record up to bronze's last offset is in bronze once, as `audit` proves it.
    """

    topic: str
    partition: int
    kafka: int | None
    rows: int
    offsets: int
    valid: int
    quarantined: int
    lag: int | None
    proven: bool
    end: int | None = None

    @property
    def holds(self) -> bool:
        """Whether Kafka records = bronze rows = distinct offsets = valid + quarantined."""
        return self.proven and not self.lag and self.rows == self.offsets == self.valid + self.quarantined


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


def read_accounts(lake: Lake, offsets: Bounds | None) -> Accounts:
    """Account for bronze and for the events.

    Args:
        lake: the tables.
        offsets: what the broker has, or null when it is not running.
    """
    return Accounts(read_partitions(lake, offsets), read_events(lake))


def read_partitions(lake: Lake, offsets: Bounds | None) -> list[PartitionAccount]:
    """Account for each partition that Kafka or bronze knows."""
    names = [name for name in ("bronze.tweets", "bronze.emissions") if lake.exists(name)]
    coverages = [found for name in names for found in read_coverage(open_log(lake.settings, name))]
    verdicts = {(row["topic"], row["partition"]): row for name in names for row in lake.rows(name, _VERDICTS_SQL)}
    proofs = prove_offsets(coverages, offsets, partial(readable_ranges, lake.settings.kafka_bootstrap))
    return [_partition(proof, verdicts.get((proof.topic, proof.partition), {})) for proof in proofs]


def read_events(lake: Lake) -> list[EventAccount]:
    """Count the events of each source by every road."""
    return [
        _events(lake, "tweets", "tweet", "gold.tweet_metrics", "sum(tweets_per_hour)"),
        _events(lake, "emissions", "emission", "gold.daily_by_country_device", "sum(record_count)"),
    ]


def _partition(proof: PartitionProof, verdicts: Mapping[str, int]) -> PartitionAccount:
    held, kafka = proof.coverage, None
    if proof.kafka is not None:
        first, end = proof.kafka
        # Retention deletes from the front what bronze has long read: the account begins at the older of the two.
        kafka = end - (first if held is None else min(first, held.first)) - proof.unreadable
    return PartitionAccount(
        proof.topic,
        proof.partition,
        kafka,
        rows=held.rows if held else 0,
        offsets=held.offsets if held else 0,
        valid=verdicts.get("valid", 0),
        quarantined=verdicts.get("quarantined", 0),
        lag=proof.lag,
        proven=not proof.problems,
        end=proof.kafka and proof.kafka[1],
    )


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
