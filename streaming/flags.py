"""Keeps the flags of emission rows and the baselines that they rest on, batch by batch. No Spark, no scan.

Baselines are written last: until then, repeating a batch finds the same samples and judges the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from deltalake.table import TableMerger

from streaming.anomalies import BASELINES, FLAGS, JUDGED, Judgement, judge, with_changed
from streaming.landed import Landed
from streaming.upsert import Clauses, LiveTable
from tideline.checkpoints import planned_offset, processed_version
from tideline.settings import Settings
from tideline.sources import ANOMALIES_QUERY, LIVE_QUERIES
from tideline.storage import open_storage


class RowJudge:
    """The flags of emission rows; baselines are kept in memory between batches.

    Args:
        settings: where the tables lie.
    """

    def __init__(self, settings: Settings) -> None:
        self._flags, self._baselines = (LiveTable(settings, name) for name in LIVE_QUERIES[ANOMALIES_QUERY].tables)
        self._checkpoints = open_storage(settings, settings.checkpoints)
        self._bronze = Landed(settings, LIVE_QUERIES[ANOMALIES_QUERY].source)
        self._known: tuple[int, pa.Table] | None = None

    def after_batch(self, batch_id: int) -> None:
        """Take in what a batch of the query covers; the first one covers all of bronze, and replaces the tables."""
        version = self._version(batch_id)
        if batch_id == 0:
            found = judge(lambda: self._bronze.up_to(version, JUDGED), BASELINES.empty_table())
            self._flags.replace(standing_flags(found))
            self._baselines.replace(found.baselines)
            self._known = version, found.baselines
            return
        since, stored = self._known or (self._version(batch_id - 1), self._baselines.read().cast(BASELINES))
        if version > since:
            found = judge(lambda: self._bronze.between(since, version, JUDGED), stored)
            self._flags.upsert(found.flags, changed_flags(FLAGS.names))
            self._baselines.upsert(found.baselines, _longer_samples)
            self._known = version, with_changed(stored, found.baselines)

    def _version(self, batch_id: int) -> int:
        """The version of bronze of which all rows are read when a batch is done."""
        return processed_version(planned_offset(self._checkpoints, ANOMALIES_QUERY, batch_id))


def expected_flags(settings: Settings, version: int) -> dict[str, pa.Table]:
    """The tables of the query, from all that bronze held at a version."""
    bronze = Landed(settings, LIVE_QUERIES[ANOMALIES_QUERY].source)
    found = judge(lambda: bronze.up_to(version, JUDGED), BASELINES.empty_table())
    return dict(zip(LIVE_QUERIES[ANOMALIES_QUERY].tables, (standing_flags(found), found.baselines), strict=True))


def standing_flags(found: Judgement) -> pa.Table:
    """The rows of ``live.anomalies``."""
    return found.flags.filter(found.flags["is_flagged"]).drop(["is_flagged"])


def changed_flags(columns: Sequence[str]) -> Clauses:
    """Insert, move or delete flags, as ``is_flagged`` of the judged rows says.

    Args:
        columns: those of the table; ``is_flagged`` is none of them.
    """
    values = {f'"{name}"': f's."{name}"' for name in columns}

    def clauses(merge: TableMerger) -> TableMerger:
        merge = merge.when_matched_delete("NOT s.is_flagged").when_matched_update(values, "t.score <> s.score")
        return merge.when_not_matched_insert(values, "s.is_flagged")

    return clauses


def _longer_samples(merge: TableMerger) -> TableMerger:
    longer = "array_length(t.sample) <> array_length(s.sample)"
    return merge.when_matched_update_all(longer).when_not_matched_insert_all()
