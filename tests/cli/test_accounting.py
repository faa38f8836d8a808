from __future__ import annotations

from cli.accounting import read_accounts
from cli.lake import Lake
from tests.cli.builders import Write, bronze_row
from tideline.settings import Settings

OFFSETS = {("tweets", 0): (0, 3), ("tweets", 1): (0, 1), ("emissions", 0): (0, 2)}


def test_a_lake_that_took_everything_over_holds(lake_settings: Settings) -> None:
    accounts = read_accounts(Lake(lake_settings), OFFSETS)
    assert accounts.hold
    counts = [(p.topic, p.partition, p.kafka, p.rows, p.valid, p.quarantined, p.lag) for p in accounts.partitions]
    assert counts == [
        ("emissions", 0, 2, 2, 2, 0, 0),
        ("tweets", 0, 3, 3, 3, 0, 0),
        ("tweets", 1, 1, 1, 0, 1, 0),
    ]
    assert [set(e.counts.values()) for e in accounts.events] == [{2}, {2}]


def test_a_record_that_kafka_holds_and_bronze_does_not_is_lag_and_does_not_hold(lake_settings: Settings) -> None:
    accounts = read_accounts(Lake(lake_settings), OFFSETS | {("tweets", 0): (0, 5)})
    assert not accounts.hold
    assert [(p.lag, p.holds) for p in accounts.partitions] == [(0, True), (2, False), (0, True)]


def test_an_offset_that_is_in_bronze_twice_does_not_hold(lake_settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 2, "a")])
    accounts = read_accounts(Lake(lake_settings), OFFSETS)
    assert [p.holds for p in accounts.partitions] == [True, False, True]


def test_a_doubled_offset_does_not_make_up_for_a_missing_one(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, offset, str(offset)) for offset in (0, 1, 1)])
    [partition] = read_accounts(Lake(settings), {("tweets", 0): (0, 3)}).partitions
    assert (partition.kafka, partition.rows, partition.offsets, partition.holds) == (3, 3, 2, False)


def test_without_a_broker_a_gap_in_the_offsets_does_not_hold(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 0, "a"), bronze_row("tweets", 0, 2, "b")])
    [partition] = read_accounts(Lake(settings), None).partitions
    assert (partition.kafka, partition.lag, partition.holds) == (None, None, False)


def test_records_that_retention_deleted_after_bronze_read_them_still_count(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, offset, str(offset)) for offset in range(4)])
    [partition] = read_accounts(Lake(settings), {("tweets", 0): (3, 4)}).partitions
    assert (partition.kafka, partition.rows, partition.holds) == (4, 4, True)


def test_records_that_retention_deleted_before_bronze_read_them_do_not_hold(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 0, "a"), bronze_row("tweets", 0, 3, "b")])
    [partition] = read_accounts(Lake(settings), {("tweets", 0): (3, 4)}).partitions
    assert (partition.kafka, partition.rows, partition.holds) == (4, 2, False)


def test_a_row_without_a_verdict_does_not_hold(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 0, "a", reasons=None)])
    [partition] = read_accounts(Lake(settings), {("tweets", 0): (0, 1)}).partitions
    assert (partition.valid, partition.quarantined, partition.holds) == (0, 0, False)


def test_a_live_count_that_differs_from_the_recount_does_not_hold(lake_settings: Settings, write: Write) -> None:
    write("live.tweet_counts_daily", [{"window_start": None, "tweets": 1}])
    accounts = read_accounts(Lake(lake_settings), OFFSETS)
    assert [e.holds for e in accounts.events] == [False, True]
    assert not accounts.hold


def test_an_empty_lake_has_nothing_that_could_hold(settings: Settings) -> None:
    accounts = read_accounts(Lake(settings), None)
    assert accounts.partitions == []
    assert not accounts.hold
