"""Data Docs, built and published for real, without Spark; what they show is read back from their HTML."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from batch.docs import publish_docs
from expectations.docs import Run, to_result
from expectations.runner import validate
from expectations.suite import Suite, at_least, not_null
from tideline.settings import Settings

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SUITE = Suite("silver.tweets", "silver.tweets", (*not_null("event_id"), *at_least(1, "tweet_id", severity="warning")))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, docs_runs=2)


def run(number: int, tweet_ids: list[int]) -> Run:
    frame = pd.DataFrame([{"event_id": f"event-{n}", "tweet_id": n} for n in tweet_ids], dtype=object)
    found = to_result(SUITE, number, validate(frame, SUITE))
    return Run(f"validate_silver-{number}", BEGAN + timedelta(hours=number), [found])


class Text(HTMLParser):
    """What a reader sees, and which other files the page asks for."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.page, self.seen, self.asked = page, "", list[str]()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"script": "src", "img": "src", "link": "href"}.get(tag)
        self.asked += [value for name, value in attrs if name == wanted and value]

    def handle_data(self, data: str) -> None:
        self.seen += f" {' '.join(data.split())}"

    def foreign(self) -> list[str]:
        """What the page would load from another server, or misses beside it; a picture for the tab may be missing."""
        here = [name for name in self.asked if not name.endswith("favicon.ico")]
        return [name for name in here if not (self.page.parent / name).is_file()]


def index_rows(site: Path) -> list[dict[str, Any]]:
    """What the index lists: its script holds the rows as literals."""
    rows = re.findall(
        r"'run_name': '([^']+)'.*?'_table_row_link_path': '([^']+)', '_validation_success_text': '(\w+)'",
        (site / "index.html").read_text(),
    )
    return [{"run": run, "page": page, "status": status} for run, page, status in sorted(rows)]


def test_the_pages_show_what_does_not_hold_and_load_nothing_from_elsewhere(settings: Settings) -> None:
    index = publish_docs(settings, run(0, [1, 0]))
    site = Path(index).parent
    assert site == Path(settings.warehouse, "_docs")
    (row,) = index_rows(site)
    assert (row["run"], row["status"]) == ("validate_silver-0", "Failed")
    page = Text(site / row["page"])
    assert "values must be greater than or equal to" in page.seen
    assert "1 unexpected values found. 50% of 2 total rows." in page.seen
    assert "values must never be null." in page.seen
    suite = Text(site / "expectations" / "silver" / "tweets.html")
    assert "values must never be null." in suite.seen
    assert [text.foreign() for text in (Text(Path(index)), page, suite)] == [[], [], []]
    assert "https://" not in Path(index).read_text().replace('href="https://greatexpectations.io"', "")


def test_the_same_site_lies_in_the_home_folder(settings: Settings) -> None:
    index = Path(publish_docs(settings, run(0, [1])))
    assert (settings.home / "data-docs" / "index.html").read_bytes() == index.read_bytes()


def test_only_the_newest_runs_stay_with_their_pages(settings: Settings) -> None:
    for number in range(4):
        index = publish_docs(settings, run(number, [1]))
    site = Path(index).parent
    assert [row["run"] for row in index_rows(site)] == ["validate_silver-2", "validate_silver-3"]
    assert {path.parts[-3] for path in site.glob("validations/**/*.html")} == {"validate_silver-2", "validate_silver-3"}
    assert len(list((site / "_results").iterdir())) == 2


def test_a_lost_home_folder_costs_nothing_but_building_it_again(settings: Settings, tmp_path: Path) -> None:
    publish_docs(settings, run(0, [0]))
    elsewhere = Settings(home=tmp_path / "elsewhere", warehouse=settings.warehouse, docs_runs=2)
    publish_docs(elsewhere, run(1, [1]))
    rows = index_rows(elsewhere.home / "data-docs")
    assert [(row["run"], row["status"]) for row in rows] == [
        ("validate_silver-0", "Failed"),
        ("validate_silver-1", "Success"),
    ]
    assert all((elsewhere.home / "data-docs" / row["page"]).is_file() for row in rows)


def test_a_run_that_was_killed_before_its_pages_were_sent_is_made_up_for_by_the_next(settings: Settings) -> None:
    site = Path(publish_docs(settings, run(0, [1]))).parent
    results = site / "_results"
    stored = run(1, [0])
    (results / f"20260101T010000.000000Z-{stored.name}.json").write_bytes(stored.to_json())
    publish_docs(settings, run(2, [1]))
    assert [row["run"] for row in index_rows(site)] == ["validate_silver-1", "validate_silver-2"]
    assert json.loads((results / f"20260101T010000.000000Z-{stored.name}.json").read_text())["name"] == stored.name
