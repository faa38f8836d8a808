"""The job ``reconcile``: writes where live counts and gold differ, and why, to ``ops.drift``.

A running stream makes no difference that is not explained: how far it has read is looked up before its counts, and
bronze is opened after them.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from deltalake import DeltaTable as DeltaLog

from batch.drift import Drift, Explanation, differing, of_key
from batch.log import bronze_sources, made_from
from batch.recount import Comparison, Key, Recounted, Window, comparisons, count_gold, count_live, recount
from tideline.checkpoints import processed_version, read_checkpoint
from tideline.errors import CheckpointError, DriftError, TableError
from tideline.lake import open_log, was_created
from tideline.offsets import highest_offsets
from tideline.rows import append_rows
from tideline.settings import Settings
from tideline.sources import COUNTS_QUERIES, topic_of
from tideline.storage import open_storage

DRIFT = "ops.drift"

NAMED_WINDOWS = 3
"""So many differences are named in the error; all are in the table."""


@dataclass(frozen=True)
class Reconciled:
    """How many windows of a live table were compared with a mart, and how many differ for which reason."""

    live: str
    gold: str
    compared: int
    newer_rows: int = 0
    live_behind: int = 0
    late_resends: int = 0
    unexplained: int = 0


@dataclass(frozen=True)
class Versions:
    """The versions of a bronze table that matter, and its topic.

    Attributes:
        bronze: the newest.
        gold: the one that gold was made from; -1 when it was made before any row was read.
        live: the one up to which the live query surely has read; -1 when its checkpoint cannot say, for then the stream
            computes its tables anew.
    """

    bronze: DeltaLog
    topic: str
    gold: int
    live: int


def reconcile(settings: Settings) -> list[Reconciled]:
    """Compare the live counts with gold, and append every difference to ``ops.drift``.

    Raises:
        TableError: there is no bronze, or gold does not say what it was made from.
        DriftError: a difference is not explained; names some of them.
    """
    run = {"run_id": uuid.uuid4().hex, "reconciled_at": datetime.now(UTC)}
    present = bronze_sources(settings)
    found = [_compare(settings, c) for c in comparisons(settings) if c.source in present]
    append_rows(settings, DRIFT, [run | row for _, rows in found for row in rows])
    _raise_if_unexplained(str(run["run_id"]), [row for _, rows in found for row in rows])
    return [result for result, _ in found]


def _compare(settings: Settings, comparison: Comparison) -> tuple[Reconciled, list[dict[str, Any]]]:
    """Compare one pair; the rows are those of ``ops.drift`` without the run's own columns."""
    gold_table = open_log(settings, comparison.gold)
    if not was_created(settings, comparison.live):
        # The stream makes it when it starts, from all of bronze.
        return Reconciled(comparison.live, comparison.gold, 0), []
    seen = _seen_by_live(settings, comparison.source)
    live, gold = count_live(open_log(settings, comparison.live), comparison), count_gold(gold_table, comparison)
    bronze = open_log(settings, f"bronze.{comparison.source}")
    versions = _versions(settings, comparison, gold_table, bronze, seen)
    drifts = _explain(settings, comparison, versions, live, gold)
    reasons = Counter(drift.explanation.replace(" ", "_") for drift in drifts)
    result = Reconciled(comparison.live, comparison.gold, len(live.keys() | gold.keys()), **reasons)
    return result, [_row(comparison, versions, drift) for drift in drifts]


def _seen_by_live(settings: Settings, source: str) -> dict[str, Any] | None:
    """The place in bronze up to which the live query has counted; None when its checkpoint cannot say."""
    try:
        checkpoint = read_checkpoint(open_storage(settings, settings.checkpoints), COUNTS_QUERIES[source])
    except CheckpointError:
        return None
    return checkpoint.committed if checkpoint else None


def _versions(
    settings: Settings, comparison: Comparison, gold: DeltaLog, bronze: DeltaLog, seen: Mapping[str, Any] | None
) -> Versions:
    state, own_id = made_from(gold), str(bronze.metadata().id)
    if state is None or (state.bronze is not None and state.bronze.bronze_id != own_id):
        msg = (
            f"{comparison.gold} does not say which version of bronze.{comparison.source} it was made from, or was made "
            "from another table in its place: run `python -m batch clean gold`, then again"
        )
        raise TableError(msg)
    live = processed_version(dict(seen)) if seen is not None and seen["reservoirId"] == own_id else -1
    made_from_version = state.bronze.bronze_version if state.bronze else -1
    return Versions(bronze, topic_of(settings, comparison.source), made_from_version, live)


def _explain(
    settings: Settings,
    comparison: Comparison,
    versions: Versions,
    live: Mapping[Key, int],
    gold: Mapping[Key, int],
) -> list[Drift]:
    keys = differing(live, gold)
    windows: set[Window] = {key[0] for key in keys}
    counted: dict[int, dict[Key, Recounted]] = {}

    def at(version: int) -> dict[Key, Recounted]:
        if version not in counted:
            upto = _offsets_at(settings, comparison.source, versions, version)
            counted[version] = recount(versions.bronze, comparison, windows, upto, settings.horizon_minutes)
        return counted[version]

    return [
        Drift(
            key,
            live.get(key, 0),
            gold.get(key, 0),
            at_gold=of_key(at(versions.gold), key),
            at_live=of_key(at(versions.live), key),
            newest=of_key(at(versions.bronze.version()), key),
        )
        for key in keys
    ]


def _offsets_at(settings: Settings, source: str, versions: Versions, version: int) -> dict[int, int]:
    """The highest offset of each partition at a version: its log says so when its files are long gone."""
    if version < 0:
        return {}
    newest = version == versions.bronze.version()
    table = versions.bronze if newest else open_log(settings, f"bronze.{source}", version)
    return highest_offsets(table, versions.topic)


def _row(comparison: Comparison, versions: Versions, drift: Drift) -> dict[str, Any]:
    window, *values = drift.key
    key = dict(zip(comparison.dimensions, values, strict=True))
    start = window if isinstance(window, datetime) else datetime.combine(window, time(), UTC)
    return {
        "live_table": comparison.live,
        "gold_table": comparison.gold,
        "window_start": start,
        "key": json.dumps(key, ensure_ascii=False) if key else None,
        "live": drift.live,
        "gold": drift.gold,
        "difference": drift.live - drift.gold,
        "gold_version": versions.gold if versions.gold >= 0 else None,
        "gold_recount": drift.at_gold.events,
        "bronze_version": versions.bronze.version(),
        "recount": drift.newest.events,
        "late_resends": drift.newest.late_resends,
        "explanation": str(drift.explanation),
    }


def _raise_if_unexplained(run_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    found = [row for row in rows if row["explanation"] == Explanation.UNEXPLAINED]
    if not found:
        return
    named = "; ".join(
        f"{row['window_start']:%Y-%m-%d %H:%M} {row['key'] or ''}: {row['live_table']} has {row['live']}, "
        f"{row['gold_table']} has {row['gold']}, bronze gives {row['recount']}".replace(" :", ":")
        for row in found[:NAMED_WINDOWS]
    )
    differ = "1 live count differs" if len(found) == 1 else f"{len(found)} live counts differ"
    msg = (
        f"{differ} from gold and nothing explains it ({named}); rebuild the table that is wrong "
        f"with the DAG lakehouse_rebuild; all are in {DRIFT}, run_id {run_id}"
    )
    raise DriftError(msg)
