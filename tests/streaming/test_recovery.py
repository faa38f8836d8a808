"""Where bronze may start, from what checkpoint, table and topic say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streaming.bronze import EARLIEST
from streaming.recovery import is_usable_live_checkpoint, plan_kafka_start
from tideline.checkpoints import Checkpoint, drop_checkpoint, read_checkpoint
from tideline.errors import CheckpointError
from tideline.offsets import TopicState, check_same_topic
from tideline.storage import LocalStorage


def topic(*ends: int, first: int = 0) -> TopicState:
    partitions = range(len(ends))
    return TopicState("tweets", "id", dict.fromkeys(partitions, first), dict(enumerate(ends)))


def checkpoint(committed: dict[int, int], planned: dict[int, int] | None = None) -> Checkpoint:
    as_json = [{"tweets": {str(p): o for p, o in offsets.items()}} for offsets in (committed, planned or committed)]
    return Checkpoint(*as_json)


def plan(
    state: TopicState, found: Checkpoint | None, bronze: dict[int, int], *, records_between: bool = True
) -> dict[int, int]:
    return dict(plan_kafka_start(state, found, bronze, "/lake/bronze/tweets", lambda *_: records_between).offsets)


def test_a_new_lake_reads_everything_and_names_every_partition() -> None:
    assert plan(topic(10, 0), None, {}) == {0: EARLIEST, 1: EARLIEST}


def test_without_a_checkpoint_the_stream_goes_on_after_what_bronze_holds() -> None:
    assert plan(topic(10, 10, 5), None, {0: 6, 1: 9}) == {0: 7, 1: 10, 2: EARLIEST}


def test_a_checkpoint_that_agrees_with_bronze_is_continued() -> None:
    assert plan(topic(10, 10), checkpoint({0: 5, 1: 7}), {0: 4, 1: 6}) == {0: 5, 1: 7}


def test_bronze_may_be_ahead_of_the_checkpoint_by_the_batch_that_was_planned() -> None:
    assert plan(topic(10), checkpoint({0: 5}, planned={0: 8}), {0: 7}) == {0: 8}


def test_offsets_without_records_are_no_missing_rows() -> None:
    assert plan(topic(10), checkpoint({0: 7}), {0: 4}, records_between=False) == {0: 7}


def test_the_start_is_written_as_spark_reads_it() -> None:
    start = plan_kafka_start(topic(3, 3), None, {1: 0}, "/lake", lambda *_: False)
    assert json.loads(start.to_json()) == {"tweets": {"0": EARLIEST, "1": 1}}


@pytest.mark.parametrize(
    ("state", "found", "bronze", "message"),
    [
        (
            topic(3),
            None,
            {0: 6},
            "topic tweets, partition 0: /lake/bronze/tweets was read up to offset 6, but Kafka ends at 2: the topic "
            "was recreated or lost records; restore it, or set TIDELINE_WAREHOUSE to a new folder",
        ),
        (
            topic(20, first=9),
            None,
            {0: 6},
            "topic tweets, partition 0: offset 7 comes next for /lake/bronze/tweets, but Kafka keeps nothing before 9: "
            "2 records expired before they were read; restore them, or set TIDELINE_WAREHOUSE to a new folder",
        ),
        (
            topic(20),
            checkpoint({0: 9}),
            {0: 6},
            "topic tweets, partition 0: the checkpoint has committed offsets up to 8, but /lake/bronze/tweets ends at "
            "6: rows are missing; remove the checkpoint, and the stream goes on after what bronze holds",
        ),
        (
            topic(20),
            checkpoint({0: 5}, planned={0: 6}),
            {0: 9},
            "topic tweets, partition 0: the checkpoint had planned up to offset 5, but /lake/bronze/tweets holds 9: it "
            "is an old copy, or of another stream; remove it, and the stream continues after what the table holds",
        ),
    ],
    ids=["recreated", "expired", "rows missing", "old checkpoint"],
)
def test_what_cannot_belong_together_is_refused(
    state: TopicState, found: Checkpoint | None, bronze: dict[int, int], message: str
) -> None:
    with pytest.raises(CheckpointError) as refused:
        plan(state, found, bronze)
    assert str(refused.value) == message


def test_a_topic_that_was_created_again_is_another_one() -> None:
    check_same_topic(topic(3), None, "/lake")
    check_same_topic(topic(3), "id", "/lake")
    with pytest.raises(CheckpointError) as refused:
        check_same_topic(topic(3), "other", "/lake")
    assert str(refused.value) == (
        "topic tweets has the id id, but /lake was read from other: the topic was recreated; restore it, or set "
        "TIDELINE_WAREHOUSE to a new folder"
    )


def write_checkpoint(folder: Path, committed: int, planned: int) -> None:
    for name in ("commits", "offsets"):
        (folder / name).mkdir(parents=True)
    (folder / "metadata").write_text('{"id":"x"}')
    for batch in range(planned + 1):
        (folder / "offsets" / str(batch)).write_text(f'v1\n{{}}\n{{"tweets":{{"0":{batch * 10}}}}}')
    for batch in range(committed + 1):
        (folder / "commits" / str(batch)).write_text('v1\n{"nextBatchWatermarkMs":0}')


def test_a_checkpoint_tells_what_was_committed_and_what_was_planned(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "q", committed=9, planned=10)
    write_checkpoint(tmp_path / "done", committed=9, planned=9)
    write_checkpoint(tmp_path / "first", committed=-1, planned=0)
    found = [read_checkpoint(LocalStorage(tmp_path), name) for name in ("q", "done", "first")]
    committed, planned, begun = ({"tweets": {"0": offset}} for offset in (90, 100, 80))
    assert found == [
        Checkpoint(committed, planned, committed),
        Checkpoint(committed, committed, begun),
        Checkpoint(None, {"tweets": {"0": 0}}),
    ]


def test_no_folder_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert read_checkpoint(LocalStorage(tmp_path), "absent") is None
    assert read_checkpoint(LocalStorage(tmp_path), "empty") is None


@pytest.mark.parametrize("damage", ["metadata", "offsets/10", "offsets/9"])
@pytest.mark.parametrize("content", [None, b"", b"v1\n{}\n", b"v1\n{}\n[1]", b"\xff\xfe"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, damage: str, content: bytes | None) -> None:
    query = tmp_path / "q"
    write_checkpoint(query, committed=9, planned=10)
    if content is None and damage == "offsets/10":
        (query / "offsets" / "9").unlink()
    elif content is None:
        (query / damage).unlink()
    else:
        (query / damage).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"the checkpoint {query} is damaged \(.+\); remove it, and"):
        read_checkpoint(LocalStorage(tmp_path), "q")


def test_a_dropped_checkpoint_is_gone_and_dropping_nothing_is_harmless(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "q", committed=1, planned=1)
    drop_checkpoint(LocalStorage(tmp_path), "q")
    drop_checkpoint(LocalStorage(tmp_path), "q")
    assert list(tmp_path.iterdir()) == []


def delta(version: int, table: str = "id", *, first: bool = False) -> dict[str, Any]:
    """A source offset in a Delta table: the version that comes next."""
    return {"reservoirId": table, "reservoirVersion": version, "isStartingVersion": first}


@pytest.mark.parametrize(
    ("found", "usable"),
    [
        (None, False),
        (Checkpoint(None, None), False),
        (Checkpoint(None, delta(5, first=True)), True),
        (Checkpoint(delta(5), delta(5)), False),
        (Checkpoint(delta(6), delta(6)), True),
        (Checkpoint(delta(7), delta(8), delta(7)), True),
        (Checkpoint(delta(8), delta(8), delta(4)), False),
        (Checkpoint(delta(5), delta(8), delta(5)), True),
        (Checkpoint(None, delta(7, "other")), False),
    ],
    ids=[
        "none",
        "empty",
        "within the first snapshot, which is there",
        "first batch done, its snapshot gone",
        "first batch done, its snapshot there",
        "within a batch",
        "done, but the newest batch began before the log",
        "within a batch that begins with the log",
        "another table",
    ],
)
def test_a_live_checkpoint_is_continued_only_if_bronze_still_has_what_spark_looks_at(
    found: Checkpoint | None, usable: bool
) -> None:
    assert is_usable_live_checkpoint(found, "id", 5) is usable
