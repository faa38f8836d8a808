"""Bronze against a real Kafka: a hole, a double, transactions, lag, a broker that is gone. No Spark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer, TopicPartition

from batch.audit import FAILS, HOLDS, HOLDS_ALONE, audit
from tests.cli.builders import bronze_row
from tests.integration.lakes import own_lake
from tests.integration.recount import read
from tideline.errors import AuditError, CheckpointError, TableError
from tideline.kafka_admin import admin_client
from tideline.lake import open_log
from tideline.readable import readable_ranges
from tideline.rows import append_rows
from tideline.settings import Settings
from tideline.sources import TOPIC_ID

pytestmark = pytest.mark.integration


@pytest.fixture
def lake(settings: Settings, tmp_path: Path) -> Settings:
    """A lake and topics of a test's own, both empty."""
    return own_lake(settings, tmp_path)


def produce(lake: Settings, count: int, partition: int = 0) -> None:
    """Send records to a partition, one batch each."""
    producer = KafkaProducer(bootstrap_servers=lake.kafka_bootstrap)
    for number in range(count):
        producer.send(lake.tweets_topic, b"%d" % number, partition=partition).get()
    producer.close()


def produce_transaction(lake: Settings, count: int, *, commit: bool) -> None:
    """Send records in one transaction, whose end takes an offset of its own."""
    producer = KafkaProducer(bootstrap_servers=lake.kafka_bootstrap, transactional_id=f"of-{lake.home.name}")
    producer.init_transactions()
    producer.begin_transaction()
    for number in range(count):
        producer.send(lake.tweets_topic, b"%d" % number, partition=0)
    producer.flush()
    if commit:
        producer.commit_transaction()
    else:
        producer.abort_transaction()
    producer.close()


def land(lake: Settings, offsets: Iterable[int], partition: int = 0) -> None:
    """Append rows to bronze as the stream would."""
    rows = [bronze_row(lake.tweets_topic, partition, o, f"{partition}-{o}") for o in offsets]
    append_rows(lake, "bronze.tweets", rows)


def recorded(lake: Settings) -> list[tuple[Any, ...]]:
    """What ops.audit says of the partitions: missing, unreadable, doubled, lag, verdict."""
    rows = read(lake, "ops.audit").sort_values(["audited_at", "partition"])
    return list(rows[["missing", "unreadable", "doubled", "lag", "verdict"]].itertuples(index=False, name=None))


def failure(lake: Settings) -> str:
    """The error's text without the names that differ from run to run."""
    with pytest.raises(AuditError) as refused:
        audit(lake)
    return str(refused.value).partition("; nothing is made")[0].replace(lake.tweets_topic, "TOPIC")


def test_each_record_once_holds_and_lag_is_told_apart(lake: Settings) -> None:
    produce(lake, 5)
    produce(lake, 3, partition=1)
    land(lake, range(5))
    land(lake, range(2), partition=1)
    found = audit(lake)
    assert [(a.partition, a.rows, a.lag, a.verdict) for a in found] == [(0, 5, 0, HOLDS), (1, 2, 1, HOLDS)]
    assert recorded(lake) == [(0, 0, 0, 0, HOLDS), (0, 0, 0, 1, HOLDS)]


def test_a_hole_stops_the_run_with_its_offsets_though_a_double_makes_the_counts_equal(lake: Settings) -> None:
    produce(lake, 8)
    land(lake, [0, 1, 4, 5, 5, 6, 6, 7])
    assert failure(lake) == (
        "bronze.tweets, topic TOPIC, partition 0: offsets 5-6 have more than one row; bronze.tweets, topic TOPIC, "
        "partition 0: offsets 2-3 have no row, but Kafka has records there"
    )
    assert recorded(lake) == [(2, 0, 2, 0, FAILS), (0, 0, 0, 0, HOLDS)]


def test_offsets_of_transaction_ends_and_of_aborted_records_are_no_holes(lake: Settings) -> None:
    #  0 1 | 2 committed   3 4 | 5 aborted   6 7 8   9 | 10 committed   11
    produce_transaction(lake, 2, commit=True)
    produce_transaction(lake, 2, commit=False)
    produce(lake, 3)
    produce_transaction(lake, 1, commit=True)
    produce(lake, 1)
    land(lake, [0, 1, 6, 7, 8, 9, 11])
    audit(lake)
    assert recorded(lake)[0] == (0, 5, 0, 0, HOLDS)
    # A reader of all records would have seen the aborted ones.
    gaps = [range(2, 3), range(3, 5), range(10, 11)]
    topic, bootstrap = lake.tweets_topic, lake.kafka_bootstrap
    assert readable_ranges(bootstrap, topic, 0, gaps, "read_uncommitted") == [range(3, 5)]


def test_a_committed_record_that_is_missing_beside_its_transactions_end_is_found(lake: Settings) -> None:
    produce_transaction(lake, 2, commit=True)
    produce(lake, 2)
    land(lake, [0, 3, 4])
    assert failure(lake).endswith("offsets 1-2 have no row, but Kafka has records there")


def test_a_hole_that_kafka_has_deleted_cannot_be_proven_and_fails(lake: Settings) -> None:
    produce(lake, 6)
    land(lake, [0, 1, 4, 5])
    with admin_client(lake.kafka_bootstrap) as client:
        client.delete_records({TopicPartition(lake.tweets_topic, 0): 3})
    assert failure(lake) == (
        "bronze.tweets, topic TOPIC, partition 0: offsets 2-3 have no row, and Kafka keeps nothing before 3 any more, "
        "so that nobody can say whether they had a record"
    )


def test_records_that_kafka_deleted_after_they_had_landed_hold(lake: Settings) -> None:
    produce(lake, 6)
    land(lake, range(6))
    with admin_client(lake.kafka_bootstrap) as client:
        client.delete_records({TopicPartition(lake.tweets_topic, 0): 3})
    assert audit(lake)[0].verdict == HOLDS


def test_without_kafka_rows_without_a_gap_prove_themselves_and_a_gap_fails(lake: Settings) -> None:
    alone = replace(lake, kafka_bootstrap="127.0.0.1:1")
    land(lake, range(4))
    assert [(a.lag, a.verdict) for a in audit(alone)] == [(None, HOLDS_ALONE)]
    land(lake, [6])
    assert failure(alone).endswith(
        "offsets 4-5 have no row, and Kafka, which could say whether they have a record, does not answer"
    )


def test_a_topic_that_was_created_again_is_refused(lake: Settings) -> None:
    produce(lake, 1)
    land(lake, range(1))
    open_log(lake, "bronze.tweets").alter.set_table_properties({TOPIC_ID: "another"}, raise_if_not_exists=False)
    with pytest.raises(CheckpointError, match="the topic was recreated"):
        audit(lake)


def test_a_topic_that_is_gone_fails(lake: Settings) -> None:
    produce(lake, 1)
    land(lake, range(1))
    gone = replace(lake, tweets_topic="nowhere")
    assert failure(gone).endswith("Kafka has no such partition: the topic was deleted")


def test_an_empty_lake_has_a_sentence_of_its_own(lake: Settings) -> None:
    with pytest.raises(TableError) as refused:
        audit(lake)
    expected = f"no bronze table found under {lake.warehouse}/bronze; `tideline stream` creates them"
    assert str(refused.value) == expected
