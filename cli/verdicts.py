"""How many records of bronze are valid and how many in quarantine, with their reasons: counted once, then kept up.

A record is written once and never changes, so only new commits have to be read. No Spark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, QueryBuilder

Place = tuple[str, int]
"""Topic and partition."""

_COLUMNS = ("topic", '"partition"', '"offset"', "reasons")
_RECORDS = f"select {', '.join(_COLUMNS)} from t"  # noqa: S608 - our own columns


@dataclass
class Verdicts:
    """The records of a bronze table by topic and partition, and by reason.

    Attributes:
        rows: records, with or without a verdict.
        valid: those without a reason.
        quarantined: those with one or more.
        highest: the highest offset.
        reasons: records by topic and reason; a record counts with each of its reasons.
    """

    rows: Counter[Place] = field(default_factory=Counter)
    valid: Counter[Place] = field(default_factory=Counter)
    quarantined: Counter[Place] = field(default_factory=Counter)
    highest: dict[Place, int] = field(default_factory=dict)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Count records: their topic, partition, offset and reasons."""
        for batch in batches:
            if batch.num_rows:
                self._add(pa.Table.from_batches([pa.record_batch(batch)]))

    def _add(self, records: pa.Table) -> None:
        found = pc.list_value_length(records["reasons"])
        counted = pa.table(
            {
                "topic": records["topic"].cast(pa.string()),
                "partition": records["partition"],
                "offset": records["offset"],
                "valid": pc.cast(pc.equal(found, 0), pa.int64()),
                "bad": pc.cast(pc.greater(found, 0), pa.int64()),
            }
        )
        figures = [("offset", "count"), ("offset", "max"), ("valid", "sum"), ("bad", "sum")]
        for row in counted.group_by(["topic", "partition"]).aggregate(figures).to_pylist():
            place = (row["topic"], row["partition"])
            self.rows[place] += row["offset_count"]
            self.valid[place] += row["valid_sum"] or 0
            self.quarantined[place] += row["bad_sum"] or 0
            self.highest[place] = max(self.highest.get(place, -1), row["offset_max"])
        self._add_reasons(counted["topic"], records["reasons"])

    def _add_reasons(self, topics: pa.ChunkedArray, reasons: pa.ChunkedArray) -> None:
        """Count what the lists hold: as most are empty, no list is looked at by itself."""
        topic_of_each = topics.take(pc.list_parent_indices(reasons))
        reason = pc.list_flatten(reasons).cast(pa.string())
        pairs = pa.table({"topic": topic_of_each, "reason": reason}).group_by(["topic", "reason"])
        for row in pairs.aggregate([([], "count_all")]).to_pylist():
            self.reasons[row["topic"], row["reason"]] += row["count_all"]


def count_verdicts(log: DeltaTable) -> Verdicts:
    """Count all records of a bronze table, at the version at which it was opened."""
    verdicts = Verdicts()
    verdicts.add(QueryBuilder().register("t", log).execute(_RECORDS))
    return verdicts


def add_commits(verdicts: Verdicts, log: DeltaTable, first: int) -> None:
    """Count the records that commits brought, from the version ``first`` on to the one at which the table was opened.

    A compaction brings none. The table's change feed is enabled, and costs nothing where rows are only appended.
    """
    verdicts.add(log.load_cdf(starting_version=first, ending_version=log.version(), columns=list(_COLUMNS)))
