"""Upserts into live tables, without Spark: the tables are made by ``deltalake`` itself."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.table import TableMerger

from streaming.flags import changed_flags
from streaming.sink import changed_counts
from streaming.upsert import REFUSED, LiveTable
from tideline.lake import table_path
from tideline.settings import Settings

COUNTS = pa.schema(
    [
        ("window_start", pa.timestamp("us", "UTC")),
        ("lang", pa.string()),
        ("country_code", pa.string()),
        ("tweets", pa.int64()),
    ]
)
FLAGS = pa.schema([("rule", pa.string()), ("entity", pa.string()), ("event_id", pa.string()), ("score", pa.float64())])
HOUR = datetime(2020, 3, 1, 17, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def counts(*rows: tuple[str | None, str | None, int]) -> pa.Table:
    names = COUNTS.names
    return pa.Table.from_pylist([dict(zip(names, (HOUR, *row), strict=True)) for row in rows], COUNTS)


def stored(settings: Settings, name: str) -> set[tuple[object, ...]]:
    table = DeltaTable(table_path(settings, name)).to_pyarrow_table()
    return {tuple(row.values()) for row in table.to_pylist()}


def version(settings: Settings, name: str) -> int:
    return DeltaTable(table_path(settings, name)).version()


def test_counts_are_inserted_and_replaced_and_an_unknown_dimension_is_a_value(settings: Settings) -> None:
    name = "live.tweet_counts_hourly"
    write_deltalake(table_path(settings, name), counts(("en", None, 1), (None, None, 5), ("de", "DE", 2)))
    table = LiveTable(settings, name)
    table.upsert(counts(("en", None, 3), (None, None, 5), (None, "DE", 7)), changed_counts("tweets"))
    assert stored(settings, name) == {
        (HOUR, "en", None, 3),
        (HOUR, None, None, 5),
        (HOUR, "de", "DE", 2),
        (HOUR, None, "DE", 7),
    }


def test_a_repeated_batch_commits_nothing(settings: Settings) -> None:
    name = "live.tweet_counts_hourly"
    write_deltalake(table_path(settings, name), counts(("en", None, 1)))
    table = LiveTable(settings, name)
    for _ in range(2):
        table.upsert(counts(("en", None, 2), ("de", None, 1)), changed_counts("tweets"))
        assert version(settings, name) == 1
    table.upsert(counts(), changed_counts("tweets"))
    assert version(settings, name) == 1


def test_what_another_writer_commits_between_two_upserts_stays(settings: Settings) -> None:
    name = "live.tweet_counts_hourly"
    path = table_path(settings, name)
    write_deltalake(path, counts(("en", None, 1)))
    table = LiveTable(settings, name)
    table.upsert(counts(("de", None, 1)), changed_counts("tweets"))
    write_deltalake(path, counts(("fr", None, 4)), mode="append")
    table.upsert(counts(("fr", None, 5)), changed_counts("tweets"))
    assert stored(settings, name) == {(HOUR, "en", None, 1), (HOUR, "de", None, 1), (HOUR, "fr", None, 5)}


def test_an_upsert_whose_files_are_replaced_meanwhile_is_merged_again(settings: Settings) -> None:
    name = "live.tweet_counts_hourly"
    path = table_path(settings, name)
    for lang in ("en", "de", "fr"):
        write_deltalake(path, counts((lang, None, 1)), mode="append")
    others = [lambda table: table.optimize.compact(), lambda table: table.delete("lang = 'de'")]

    def clauses(merge: TableMerger) -> TableMerger:
        if others:
            others.pop()(DeltaTable(path))
        return changed_counts("tweets")(merge)

    LiveTable(settings, name).upsert(counts(("en", None, 2), ("de", None, 2)), clauses)
    assert others == []
    assert REFUSED[path] == 2
    assert stored(settings, name) == {(HOUR, "en", None, 2), (HOUR, "de", None, 2), (HOUR, "fr", None, 1)}


def test_files_of_inserted_rows_do_not_pile_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 6
    monkeypatch.setattr("streaming.upsert.MOST_FILES", most)
    name = "live.tweet_counts_hourly"
    write_deltalake(table_path(settings, name), counts())
    table = LiveTable(settings, name)
    files = []
    for number in range(2 * most + 4):
        table.upsert(counts((f"lang {number}", None, 1)), changed_counts("tweets"))
        files.append(DeltaTable(table_path(settings, name)).get_add_actions().num_rows)
    assert (max(files), min(files[most:])) == (most, 1)
    assert len(stored(settings, name)) == len(files)


def test_flags_come_move_and_go(settings: Settings) -> None:
    name = "live.anomalies"
    kept = ("kept", "moved", "gone")
    write_deltalake(
        table_path(settings, name),
        pa.Table.from_pylist([{"rule": "r", "entity": "d", "event_id": i, "score": 1.0} for i in kept], FLAGS),
    )
    judged = [
        ("kept", 1.0, True),
        ("moved", 2.0, True),
        ("gone", 3.0, False),
        ("new", 4.0, True),
        ("never", 5.0, False),
    ]
    schema = FLAGS.append(pa.field("is_flagged", pa.bool_()))
    rows = [{"rule": "r", "entity": "d", "event_id": i, "score": s, "is_flagged": f} for i, s, f in judged]
    LiveTable(settings, name).upsert(pa.Table.from_pylist(rows, schema), changed_flags(FLAGS.names))
    assert stored(settings, name) == {("r", "d", "kept", 1.0), ("r", "d", "moved", 2.0), ("r", "d", "new", 4.0)}
