from __future__ import annotations

from cli.lake import Lake
from tests.cli.builders import Write, bronze_row
from tideline.settings import Settings


def test_a_missing_table_has_no_rows_no_number_and_no_state(settings: Settings) -> None:
    lake = Lake(settings)
    assert not lake.exists("gold.top_10_domains")
    assert lake.rows("gold.top_10_domains", "select * from t") == []
    assert lake.number("gold.top_10_domains", "count(*)") is None
    assert lake.row_count("gold.top_10_domains") == 0
    state = lake.state("gold.top_10_domains")
    assert (state.exists, state.version, state.rows, state.files) == (False, None, None, None)


def test_a_state_counts_rows_files_and_versions_from_the_log(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 0, "a"), bronze_row("tweets", 0, 1, "b")])
    write("bronze.tweets", [bronze_row("tweets", 0, 2, "c")])
    state = Lake(settings).state("bronze.tweets")
    assert (state.exists, state.version, state.rows, state.files, state.operation) == (True, 1, 3, 2, "WRITE")
    assert state.size_bytes
    assert state.committed_at


def test_a_sum_over_no_rows_is_zero(settings: Settings, write: Write) -> None:
    write("live.tweet_counts_daily", [])
    assert Lake(settings).number("live.tweet_counts_daily", "sum(tweets)") == 0
