"""``ops.progress``: what is written, when, and what happens to it when the store is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streaming import journal
from streaming.journal import PROGRESS, Journal
from streaming.progress import parse_progress
from tests.streaming.test_progress import BRONZE, LIVE
from tideline.lake import open_log, table_path
from tideline.settings import Settings

ROW, OTHER = (parse_progress(progress).to_row(0) for progress in (BRONZE, LIVE))


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_was_gathered_is_written_in_one_commit_at_the_end(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    with Journal(lake, pytest.fail) as kept:
        kept.add(ROW)
        kept.add(OTHER)
    table = open_log(lake, PROGRESS)
    assert (table.version(), table.to_pyarrow_table().to_pylist()) == (0, [ROW, OTHER])


def test_a_stream_at_rest_commits_nothing(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    with Journal(lake, pytest.fail, seconds=0.01) as kept:
        kept.add(ROW)
        wait_for(lambda: Path(table_path(lake, PROGRESS), "_delta_log", f"{0:020}.json").exists())
        time.sleep(0.1)
    assert open_log(lake, PROGRESS).version() == 0


def test_rows_wait_while_the_store_is_away_and_it_is_said_once(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    # A file where the table's folder should be.
    blocked = Path(table_path(lake, PROGRESS))
    blocked.parent.mkdir(parents=True)
    blocked.write_text("")
    said: list[str] = []
    with Journal(lake, said.append, seconds=0.01) as kept:
        kept.add(ROW)
        wait_for(lambda: bool(said))
        time.sleep(0.1)
        kept.add(OTHER)
        blocked.unlink()
    rows = open_log(lake, PROGRESS).to_pyarrow_table().sort_by("finished_at").to_pylist()
    assert rows == [ROW, OTHER]  # in one commit or in two
    assert [sentence.partition(" (")[0] for sentence in said] == ["ops.progress cannot be written"]
    assert said[0].endswith("); its rows are kept for the next try")


def test_of_too_many_rows_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Settings(home=tmp_path)
    blocked = Path(table_path(lake, PROGRESS))
    blocked.parent.mkdir(parents=True)
    blocked.write_text("")
    monkeypatch.setattr(journal, "MOST_ROWS", 2)
    said: list[str] = []
    with Journal(lake, said.append, seconds=0.01) as kept:
        for number in range(5):
            kept.add(ROW | {"batch": number})
        wait_for(lambda: bool(said))
        blocked.unlink()
    assert sorted(open_log(lake, PROGRESS).to_pyarrow_table()["batch"].to_pylist()) == [3, 4]


def test_rows_that_cannot_be_written_at_the_end_are_a_sentence_and_no_error(tmp_path: Path) -> None:
    lake = Settings(home=tmp_path)
    blocked = Path(table_path(lake, PROGRESS))
    blocked.parent.mkdir(parents=True)
    blocked.write_text("")
    said: list[str] = []
    with Journal(lake, said.append) as kept:
        kept.add(ROW)
    assert said[1:] == ["the last rows of ops.progress could not be written; nothing else is lost"]
