"""The metrics as Prometheus reads them."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streaming.metrics import Metrics, served
from streaming.progress import parse_progress
from tests.streaming.test_progress import BRONZE, LIVE
from tideline.errors import ServiceError
from tideline.settings import Settings


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def scrape(port: int) -> dict[str, float]:
    """Each sample by name and labels, as text."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        f"{s.name}{{{','.join(f'{k}={v}' for k, v in sorted(s.labels.items()))}}}": s.value
        for family in families
        for s in family.samples
    }


def test_two_batches_are_served_as_sums_and_newest_values() -> None:
    settings = Settings(metrics_port=free_port())
    with served(settings) as metrics:
        metrics.started("bronze.tweets")
        metrics.record(parse_progress(BRONZE), commit_retries=1)
        caught_up = BRONZE["sources"][0] | {"latestOffset": BRONZE["sources"][0]["endOffset"]}
        metrics.record(parse_progress(BRONZE | {"sources": [caught_up]}), commit_retries=0)
        metrics.record(parse_progress(LIVE), commit_retries=0)
        metrics.ended("bronze.tweets", by_error=True)
        found = scrape(settings.metrics_port)
    assert found.pop("tideline_stream_batch_duration_seconds_bucket{le=2.5,query=bronze.tweets}") == 2
    assert {name: value for name, value in found.items() if "_bucket" not in name} == {
        "tideline_stream_query_running{query=bronze.tweets}": 0,
        "tideline_stream_query_failures_total{query=bronze.tweets}": 1,
        "tideline_stream_last_progress_timestamp_seconds{query=bronze.tweets}": 1795312192.78,
        "tideline_stream_last_progress_timestamp_seconds{query=live.tweets_counts}": 1795312232.982,
        "tideline_stream_rows_total{query=bronze.tweets}": 3998,
        "tideline_stream_rows_total{query=live.tweets_counts}": 3000,
        "tideline_stream_records_total{source=tweets,verdict=valid}": 3964,
        "tideline_stream_records_total{source=tweets,verdict=quarantined}": 34,
        "tideline_stream_batch_duration_seconds_count{query=bronze.tweets}": 2,
        "tideline_stream_batch_duration_seconds_sum{query=bronze.tweets}": 4.238,
        "tideline_stream_batch_duration_seconds_count{query=live.tweets_counts}": 1,
        "tideline_stream_batch_duration_seconds_sum{query=live.tweets_counts}": 0.762,
        "tideline_stream_lag_records{partition=0,topic=tweets}": 0,
        "tideline_stream_lag_records{partition=1,topic=tweets}": 0,
        "tideline_stream_freshness_seconds{query=bronze.tweets,record=oldest}": 5.5,
        "tideline_stream_freshness_seconds{query=bronze.tweets,record=newest}": 3.0,
        "tideline_stream_freshness_seconds{query=live.tweets_counts,record=oldest}": 8.0,
        "tideline_stream_freshness_seconds{query=live.tweets_counts,record=newest}": 3.0,
        "tideline_stream_late_rows_total{query=live.tweets_counts}": 5,
        "tideline_stream_state_bytes{operator=stateStoreSave,query=live.tweets_counts}": 2754332,
        "tideline_stream_state_bytes{operator=dedupeWithinWatermark,query=live.tweets_counts}": 3410808,
        "tideline_stream_state_rows_written_total{operator=stateStoreSave,query=live.tweets_counts}": 2182,
        "tideline_stream_state_rows_written_total{operator=dedupeWithinWatermark,query=live.tweets_counts}": 2949,
        "tideline_stream_state_rows_removed_total{operator=stateStoreSave,query=live.tweets_counts}": 40,
        "tideline_stream_state_rows_removed_total{operator=dedupeWithinWatermark,query=live.tweets_counts}": 2,
        "tideline_stream_commit_retries_total{query=bronze.tweets}": 1,
        "tideline_stream_commit_retries_total{query=live.tweets_counts}": 0,
    }


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError) as refused, served(Settings(metrics_port=port)):
            pass
    assert str(refused.value) == (
        f"the metrics cannot be served at 127.0.0.1:{port}: another program listens there; "
        "set TIDELINE_METRICS_PORT to a free port, or to 0 for none"
    )


def test_a_port_is_free_again_when_the_stream_has_ended() -> None:
    settings = Settings(metrics_port=free_port())
    for _ in range(2):
        with served(settings):
            pass


def test_without_a_port_nothing_is_served_and_all_is_counted() -> None:
    with served(Settings()) as metrics:
        metrics.record(parse_progress(BRONZE), commit_retries=0)
    assert metrics.registry.get_sample_value("tideline_stream_rows_total", {"query": "bronze.tweets"}) == 1999


def test_every_metric_says_what_it_is() -> None:
    families = list(Metrics().registry.collect())
    assert len(families) == 13
    assert all(family.documentation.endswith(".") and family.name.startswith("tideline_stream_") for family in families)
