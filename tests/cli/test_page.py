from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from cli.lake import Lake
from cli.report.data import read_report
from cli.report.page import render_page, write_page
from tests.cli.builders import Write, bronze_row
from tideline.schemas import TABLES
from tideline.settings import Settings

OFFSETS = {("tweets", 0): (0, 3), ("tweets", 1): (0, 1), ("emissions", 0): (0, 2)}


class Page(HTMLParser):
    """The text of each table by its id, row by row; the headline figures; the elements that a page can load with."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.figures: dict[str, str] = {}
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self._table = self._figure = ""
        self._cell = self._bold = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name in ("src", "href") if (value := values.get(name))]
        if tag == "table":
            self._table = values.get("id") or ""
            self.tables[self._table] = []
        elif tag == "tr":
            self.tables[self._table].append([])
        elif tag in ("td", "th"):
            self.tables[self._table][-1].append("")
        elif tag == "div" and "data-figure" in values:
            self._figure = values["data-figure"] or ""
        self._cell = tag in ("td", "th") or (self._cell and tag in ("span", "code"))
        self._bold = tag == "b"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "table"):
            self._cell = False
        self._bold = False

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.tables[self._table][-1][-1] += data
        elif self._bold and self._figure:
            self.figures[self._figure] = data
            self._figure = ""


def page_of(settings: Settings) -> Page:
    return Page(render_page(read_report(Lake(settings), OFFSETS)))


def test_the_figures_on_the_page_are_those_of_the_tables(lake_settings: Settings) -> None:
    page = page_of(lake_settings)
    assert page.figures == {
        "Records in bronze": "6",
        "In quarantine": "1",
        "Distinct tweets": "2",
        "Emission events": "2",
        "Emissions": "12",
        "Flagged rows": "1",
        "Expectations met": "1 / 1",
    }
    assert page.tables["accounting"][1:] == [
        ["✔ agrees", "emissions", "0", "2", "2", "2", "2", "0", "0"],
        ["✔ agrees", "tweets", "0", "3", "3", "3", "3", "0", "0"],
        ["✔ agrees", "tweets", "1", "1", "1", "1", "0", "1", "0"],
    ]
    assert page.tables["events"][1:] == [
        ["✔ agrees", "tweets", "2", "2", "2", "2", "2"],
        ["✔ agrees", "emissions", "2", "2", "2", "2", "2"],
    ]
    assert [row[:3] for row in page.tables["quarantine"][1:]] == [["tweets", "date or time is missing", "1"]]
    assert page.tables["rules"][1:] == [["negative value", "1", "0.000", "1.250", "1.250"]]
    assert page.tables["standing-out"][1:] == [
        ["3f9c01d2ab", "Sun 2020-03-01 10:00", "tweets", "unusual count", "2", "40", "-5.5", "5.0"]
    ]
    assert page.tables["anomalies"][1][:4] == ["news.example", "negative value", "2024-03-31", "-1.250"]
    assert [row[0] for row in page.tables["tables"][1:]] == list(TABLES)
    assert page.tables["tables"][1][1:4] == ["0", "4", "1"]


def test_a_difference_is_said_on_the_page(lake_settings: Settings, write: Write) -> None:
    write("bronze.tweets", [bronze_row("tweets", 0, 1, "b")])
    page = page_of(lake_settings)
    assert [row[0] for row in page.tables["accounting"][1:]] == ["✔ agrees", "✘ differs", "✔ agrees"]


def test_a_page_over_no_tables_at_all_can_be_read(settings: Settings) -> None:
    html = render_page(read_report(Lake(settings), None))
    assert "Bronze holds no record yet." in html
    assert {tuple(row[1:]) for row in Page(html).tables["tables"][1:]} == {("not created yet",)}


def test_each_single_table_may_be_missing(lake_settings: Settings) -> None:
    for name in TABLES:
        folder = Path(Lake(lake_settings).path(name))
        if not folder.exists():
            continue
        aside = folder.with_name("aside")
        folder.rename(aside)
        assert page_of(lake_settings).figures["Records in bronze"] is not None
        aside.rename(folder)


def test_hostile_text_stays_text(lake_settings: Settings, write: Write) -> None:
    evil = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
    write("live.anomalies", [{"rule": evil, "entity": evil, "event_id": "e9", "score": 1.0, "threshold": 0.0}])
    verdict = {"id": "e", "rule": "silence", "entity": evil, "hours": 1, "value": 0.0, "baseline": 1.0, "score": -9.0}
    verdict |= {"threshold": 5.0, "state": "flagged", "window_start": datetime(2020, 3, 1, tzinfo=UTC)}
    write("live.tweet_hour_verdicts", [verdict])
    write("gold.top_10_domains", [{"domain": evil, "total_emissions": 1}])
    write("bronze.tweets", [bronze_row("tweets", 0, 3, "z", evil)])
    calm, hostile = page_of(lake_settings), render_page(read_report(Lake(lake_settings), OFFSETS))
    page = Page(hostile)
    assert "alert('x')</script>" not in hostile
    assert "<img" not in hostile.split("</head>")[1]
    assert page.tables["rules"][1:][-1][0] == evil or page.tables["rules"][1][0] == evil
    assert page.tags.count("script") == calm.tags.count("script")


def test_the_page_needs_no_network(lake_settings: Settings) -> None:
    assert page_of(lake_settings).addresses == []


def test_a_page_replaces_the_older_one_whole(lake_settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    for _ in range(2):
        write_page(read_report(Lake(lake_settings), None), path)
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
