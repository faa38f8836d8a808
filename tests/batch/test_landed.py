"""Landed files, read and asked: a good one, and each way in which one can be broken."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from batch.landed import read_landed
from expectations.landing import landing_suite
from expectations.runner import validate
from tideline.landing import landing_path
from tideline.settings import Settings

GOOD = b"tweet_id\tdate\ttime\tlang\n1\t2020-03-01\t10:00:00\ten\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def land(settings: Settings, content: bytes, promised: str = "", name: str = "tweets.tsv") -> None:
    """Lay a file into the landing zone, under its own digest or another one."""
    digest = promised or hashlib.sha256(content).hexdigest()
    path = Path(landing_path(settings, "tweets", digest, name))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def failures(settings: Settings) -> dict[str, str]:
    """The columns whose expectations do not hold, with their severities."""
    outcomes = validate(read_landed(settings, "tweets"), landing_suite("tweets")).outcomes
    return {o.column or "files": o.severity for o in outcomes if not o.success}


def test_a_sound_file_holds_every_expectation_packed_or_not(settings: Settings) -> None:
    land(settings, GOOD)
    land(settings, gzip.compress(GOOD), name="tweets.tsv.gz")
    assert failures(settings) == {}


def test_no_file_at_all_is_told_and_no_fault(settings: Settings) -> None:
    assert failures(settings) == {"files": "info"}


@pytest.mark.parametrize(
    ("content", "promised", "expected"),
    [
        (GOOD, 64 * "a", {"sha256, promised_sha256": "critical"}),
        (gzip.compress(GOOD)[:-9], "", {"unreadable": "critical"}),
        (b"tweet_id\tday\n1\t2020-03-01\n", "", {"missing_columns": "critical"}),
        (b"tweet_id\tdate\ttime\n", "", {"data_lines": "warning"}),
        (b"", "", {"missing_columns": "critical", "bytes": "warning", "data_lines": "warning"}),
    ],
    ids=["another content", "a broken archive", "another header", "no line", "nothing"],
)
def test_a_file_is_broken_in_its_own_way(
    settings: Settings, content: bytes, promised: str, expected: dict[str, str]
) -> None:
    land(settings, content, promised)
    assert failures(settings) == expected


def test_the_same_content_under_two_names_is_a_warning(settings: Settings) -> None:
    land(settings, GOOD, name="a.tsv")
    Path(landing_path(settings, "tweets", hashlib.sha256(GOOD).hexdigest(), "b.tsv")).write_bytes(GOOD)
    assert failures(settings) == {"sha256": "warning"}
