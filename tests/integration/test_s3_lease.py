"""The lease of a table on S3: one holder, whatever dies, lags behind or answers late."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import timedelta

import pytest

from streaming import s3_lease as module
from streaming.s3_lease import Held, s3_lease
from tideline.errors import LeaseError
from tideline.s3 import client
from tideline.settings import Settings
from tideline.storage import S3Storage

pytestmark = pytest.mark.integration


@pytest.fixture
def table(minio: Settings) -> str:
    return f"{minio.warehouse}/{uuid.uuid4().hex}/tweets"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour for a holder that renews, a few seconds for one that does not."""
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.2)
    monkeypatch.setattr(module, "LEASE", timedelta(seconds=4))


def nobody(sentence: str) -> None:
    pytest.fail(sentence)


def held(minio: Settings, table: str) -> Held:
    folder, _, name = table.rpartition("/")
    return Held(S3Storage(minio, folder, client(minio)), f".{name}.lease", table)


def test_who_renews_keeps_the_lease_and_the_next_one_gets_it_at_once_after_the_end(minio: Settings, table: str) -> None:
    stop = threading.Event()
    with s3_lease(minio, table, stop, nobody, nobody):
        time.sleep(5)
        with pytest.raises(LeaseError, match=rf"{table} is being written by the stream with process id \d+ on \S+; s"):
            held(minio, table).take(stop, lambda _: None)
    held(minio, table).take(stop, nobody)


def test_a_dead_holders_lease_expires_and_of_many_who_wait_one_gets_it(minio: Settings, table: str) -> None:
    stop = threading.Event()
    held(minio, table).take(stop, nobody)
    outcomes: list[str] = []

    def contend() -> None:
        try:
            held(minio, table).take(stop, lambda _: None)
            outcomes.append("taken")
        except LeaseError:
            outcomes.append("refused")
        except BaseException as err:
            outcomes.append(repr(err))

    threads = [threading.Thread(target=contend) for _ in range(6)]
    for thread in threads:
        thread.start()
    winner = wait_for_one(outcomes)
    stop.set()
    for thread in threads:
        thread.join()
    assert winner == "taken"
    assert sorted(outcomes) == ["refused"] * 5 + ["taken"]


def wait_for_one(outcomes: list[str]) -> str:
    while not outcomes:
        time.sleep(0.02)
    return outcomes[0]


def test_a_holder_whose_lease_was_taken_over_is_told_so(minio: Settings, table: str) -> None:
    stop, lost = threading.Event(), threading.Event()
    said: list[str] = []

    def give_up(sentence: str) -> None:
        said.append(sentence)
        lost.set()

    with s3_lease(minio, table, stop, give_up, nobody):
        folder, _, name = table.rpartition("/")
        other = {"pid": 1, "host": "elsewhere", "released": False, "write": "w"}
        S3Storage(minio, folder, client(minio)).write(f".{name}.lease", json.dumps(other).encode())
        assert lost.wait(30)
    assert said == [f"another stream took over {table} while this one did not renew its lease; start one only"]
    stop.set()
    with pytest.raises(LeaseError, match="stopped while"):
        held(minio, table).take(stop, lambda _: None)
