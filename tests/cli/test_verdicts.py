from __future__ import annotations

from cli.lake import Lake
from cli.verdicts import add_commits, count_verdicts
from tests.cli.builders import Write, bronze_row
from tideline.lake import open_log
from tideline.settings import Settings

MISSING, UNREADABLE = "date or time is missing", "the record is not UTF-8"


def test_records_count_by_partition_and_with_each_of_their_reasons(settings: Settings, write: Write) -> None:
    write(
        "bronze.tweets",
        [
            bronze_row("tweets", 0, 0, "a"),
            bronze_row("tweets", 0, 1, "b", MISSING, UNREADABLE),
            bronze_row("tweets", 1, 7, "c", MISSING),
            bronze_row("tweets", 1, 8, "d", reasons=None),
        ],
    )
    found = count_verdicts(open_log(settings, "bronze.tweets"))
    assert found.rows == {("tweets", 0): 2, ("tweets", 1): 2}
    assert found.valid == {("tweets", 0): 1, ("tweets", 1): 0}
    assert found.quarantined == {("tweets", 0): 1, ("tweets", 1): 1}
    assert found.highest == {("tweets", 0): 1, ("tweets", 1): 8}
    assert found.reasons == {("tweets", MISSING): 2, ("tweets", UNREADABLE): 1}


def test_what_new_commits_bring_is_added_and_a_compaction_brings_nothing(settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 0, "a"), bronze_row("tweets", 0, 1, "b", MISSING)])
    followed = count_verdicts(open_log(settings, "bronze.tweets"))
    write("bronze.tweets", [bronze_row("tweets", 0, 2, "c", MISSING)])
    open_log(settings, "bronze.tweets").optimize.compact()
    write("bronze.tweets", [bronze_row("tweets", 1, 0, "d")])
    log = open_log(settings, "bronze.tweets")
    add_commits(followed, log, 1)
    assert [commit["operation"] for commit in log.history()] == ["WRITE", "OPTIMIZE", "WRITE", "WRITE"]
    assert followed == count_verdicts(log)
    assert sum(followed.rows.values()) == Lake(settings).row_count("bronze.tweets") == 4


def test_an_empty_table_has_no_verdicts(settings: Settings, write: Write) -> None:
    write("bronze.emissions", [])
    assert count_verdicts(open_log(settings, "bronze.emissions")).rows == {}
