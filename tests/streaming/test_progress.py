"""What is made of a progress report of Spark 4.2, word for word as it came, but for states that say nothing here."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from streaming.progress import parse_progress
from tideline.schemas import TABLES

BRONZE = json.loads("""
{"id": "faacbb70-123f-4ab6-9b06-d8459c2e02ce", "runId": "1583c989-0d0d-4a6a-ae4b-323948f316ed", "name": "bronze.tweets",
 "timestamp": "2026-11-22T01:49:50.856Z", "batchId": 3, "batchDuration": 2210, "numInputRows": 1999,
 "inputRowsPerSecond": 0.0, "processedRowsPerSecond": 56.8,
 "durationMs": {"addBatch": 1732, "commitOffsets": 195, "getBatch": 10, "latestOffset": 76, "queryPlanning": 84,
                "triggerExecution": 2119, "walCommit": 22},
 "stateOperators": [],
 "sources": [{"description": "KafkaV2[Subscribe[tweets]]", "startOffset": null,
              "endOffset": {"tweets": {"0": 997, "1": 1002}},
              "latestOffset": {"tweets": {"0": 1496, "1": 1002, "2": 7}},
              "numInputRows": 1999, "inputRowsPerSecond": 0.0, "processedRowsPerSecond": 56.8,
              "metrics": {"avgOffsetsBehindLatest": "500.5"}}],
 "sink": {"description": "DeltaSink[/lake/bronze/tweets]", "numOutputRows": -1},
 "observedMetrics": {"verdicts": {"quarantined": 17, "oldest": 1795312187280, "newest": 1795312189780}}}
""")

LIVE = json.loads("""
{"id": "5f1284be-226d-4da9-8a61-1c31336532b6", "runId": "cec1ce14-cfac-4173-ae71-e84f0ea333e5",
 "name": "live.tweets_counts", "timestamp": "2026-11-22T01:50:32.282Z", "batchId": 4, "batchDuration": 765,
 "numInputRows": 3000, "inputRowsPerSecond": 0.0, "processedRowsPerSecond": 81.6,
 "durationMs": {"addBatch": 486, "commitOffsets": 62, "getBatch": 25, "latestOffset": 87, "queryPlanning": 3,
                "triggerExecution": 762, "walCommit": 69},
 "eventTime": {"avg": "2026-11-22T01:50:29.468Z", "max": "2026-11-22T01:50:29.982Z",
               "min": "2026-11-22T01:50:24.982Z", "watermark": "1970-01-01T00:00:00.000Z"},
 "stateOperators": [
  {"operatorName": "stateStoreSave", "numRowsTotal": 0, "numRowsUpdated": 2182, "allUpdatesTimeMs": 87,
   "numRowsRemoved": 40, "allRemovalsTimeMs": 0, "commitTimeMs": 48, "memoryUsedBytes": 2754332,
   "numRowsDroppedByWatermark": 0, "numShufflePartitions": 2, "numStateStoreInstances": 2, "customMetrics": {}},
  {"operatorName": "dedupeWithinWatermark", "numRowsTotal": 0, "numRowsUpdated": 2949, "allUpdatesTimeMs": 31,
   "numRowsRemoved": 2, "allRemovalsTimeMs": 43, "commitTimeMs": 60, "memoryUsedBytes": 3410808,
   "numRowsDroppedByWatermark": 5, "numShufflePartitions": 2, "numStateStoreInstances": 2,
   "customMetrics": {"numDroppedDuplicateRows": 30}}],
 "sources": [{"description": "DeltaSource[file:/lake/bronze/tweets]", "startOffset": null,
              "endOffset": {"sourceVersion": 1, "reservoirId": "cf2d", "reservoirVersion": 4, "index": -1,
                            "isStartingVersion": false},
              "latestOffset": null, "numInputRows": 3000, "inputRowsPerSecond": 0.0, "processedRowsPerSecond": 81.6}],
 "sink": {"description": "ForeachBatchSink", "numOutputRows": -1}}
""")


def test_a_bronze_batch_says_what_landed_how_late_and_what_it_left() -> None:
    assert parse_progress(BRONZE).to_row(commit_retries=2) == {
        # Begun at 50.856, done after 2.119 s, of which the last 0.195 s were notes after the commit.
        "finished_at": datetime(2026, 11, 22, 1, 49, 52, 780_000, tzinfo=UTC),
        "query": "bronze.tweets",
        "run_id": "1583c989-0d0d-4a6a-ae4b-323948f316ed",
        "batch": 3,
        "seconds": 2.119,
        "rows": 1999,
        "valid": 1982,
        "quarantined": 17,
        # Partition 2 was made after the batch had been planned.
        "lag": 499,
        "partition_lag": [{"partition": 0, "lag": 499}, {"partition": 1, "lag": 0}],
        "oldest_seconds": 5.5,
        "newest_seconds": 3.0,
        "late_rows": None,
        "state_bytes": None,
        "state_rows_written": None,
        "state_rows_removed": None,
        "commit_retries": 2,
    }


def test_a_live_batch_says_how_late_it_was_and_what_its_state_did() -> None:
    row = parse_progress(LIVE).to_row(commit_retries=0)
    assert row == {
        "finished_at": datetime(2026, 11, 22, 1, 50, 32, 982_000, tzinfo=UTC),
        "query": "live.tweets_counts",
        "run_id": "cec1ce14-cfac-4173-ae71-e84f0ea333e5",
        "batch": 4,
        "seconds": 0.762,
        "rows": 3000,
        "valid": None,
        "quarantined": None,
        "lag": None,
        "partition_lag": None,
        "oldest_seconds": 8.0,
        "newest_seconds": 3.0,
        "late_rows": 5,
        "state_bytes": 6165140,
        "state_rows_written": 5131,
        "state_rows_removed": 42,
        "commit_retries": 0,
    }
    assert list(row) == TABLES["ops.progress"].column_names


def test_a_batch_that_was_committed_before_a_crash_and_is_only_noted_now_has_no_verdicts() -> None:
    batch = parse_progress({name: BRONZE[name] for name in BRONZE if name != "observedMetrics"} | {"numInputRows": 0})
    assert (batch.rows, batch.valid, batch.quarantined) == (0, None, None)
    assert (batch.oldest_seconds, batch.newest_seconds) == (None, None)


def test_a_batch_without_rows_has_no_times() -> None:
    nothing = {"verdicts": {"quarantined": 0, "oldest": None, "newest": None}}
    batch = parse_progress(BRONZE | {"numInputRows": 0, "observedMetrics": nothing})
    assert (batch.valid, batch.quarantined, batch.oldest_seconds) == (0, 0, None)


@pytest.mark.parametrize("latest", [None, {}, {"tweets": {"0": 990}}])
def test_what_spark_does_not_know_of_kafka_is_no_negative_lag(latest: object) -> None:
    source = BRONZE["sources"][0] | {"latestOffset": latest}
    batch = parse_progress(BRONZE | {"sources": [source]})
    assert all(left == 0 for left in batch.lag.values())
