"""``tideline dashboard`` in a real browser: what stands on the page is what stands in the tables."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3
from playwright.sync_api import Browser, Page, sync_playwright

from cli.dashboard.live_lake import LiveLake
from cli.dashboard.view import View
from tests.cli.builders import bronze_row, write_rows, write_small_lake
from tests.integration.absent import not_run
from tests.integration.conftest import settings_in
from tests.integration.recount import read
from tideline.s3_roles import Role, bootstrap
from tideline.settings import Settings

pytestmark = pytest.mark.integration

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT_MS = 60_000
SECTIONS = ("Live", "Emissions", "Flags", "Evidence", "Tables")

# A table's cells are painted; for readers of the screen they stand in the canvas as an HTML table, too.
GRID = """grid => Array.from(grid.querySelectorAll('canvas tr'))
    .map(row => Array.from(row.querySelectorAll('th, td')).map(cell => cell.textContent))"""
TRACES = "chart => chart.data.map(trace => Array.from(trace.y))"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("dashboard"))
    write_small_lake(settings)
    return settings


def start(settings: Settings) -> subprocess.Popen[str]:
    """Start the dashboard as a user does, and wait until it answers."""
    command = [sys.executable, "-c", "from cli.main import main; main()", "dashboard"]
    process = subprocess.Popen(command, env=settings.environment(), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + WAIT_MS / 1000
    while not answers(settings):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the dashboard does not answer"
        time.sleep(0.2)
    return process


def answers(settings: Settings) -> bool:
    try:
        address = f"http://127.0.0.1:{settings.dashboard_port}/_stcore/health"
        return urllib3.request("GET", address, retries=False, timeout=5).status == 200
    except urllib3.exceptions.HTTPError:
        return False


@pytest.fixture(scope="module")
def address(lake: Settings) -> Iterator[str]:
    """Where the dashboard of the lake is; Ctrl-C ends it, with all that it started."""
    process = start(lake)
    started = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    yield f"http://127.0.0.1:{lake.dashboard_port}"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert [one.pid for one in started if one.is_running()] == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of the system; without one these tests are reported as not run, and in CI as failed."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        not_run(f"none of {', '.join(BROWSERS)} is on the PATH: install Debian's package chromium")
    with sync_playwright() as playwright:
        # Root has no sandbox of its own; the pages are ours.
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, address: str, width: int = 1440, height: int = 900) -> Iterator[Page]:
    """The page, once its figures are there; nothing on it may come from elsewhere or go wrong."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_test_id("stMetric").nth(5).wait_for()
    yield page
    assert errors == []
    assert [url for url in asked if not url.startswith((f"{address}/", "data:", "blob:"))] == []
    context.close()


def metric(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def until(found: Callable[[], Any], expected: object) -> None:
    """Wait until something is as expected: the page reads itself anew by itself."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while (seen := found()) != expected:
        assert time.monotonic() < deadline, f"{seen!r}, and not {expected!r}"
        time.sleep(0.2)


def open_section(page: Page, name: str) -> None:
    """Choose a tab; a click that falls into the moment in which the page draws itself anew may have to be repeated."""
    tab = page.get_by_role("tab", name=name, exact=True)
    deadline = time.monotonic() + WAIT_MS / 1000
    while tab.get_attribute("aria-selected") != "true":
        assert time.monotonic() < deadline, f"{name} does not open"
        tab.click()
        page.wait_for_timeout(500)


def cells(page: Page, key: str, columns: int) -> list[list[str]]:
    """The rows of a table, by its key, up to so many columns."""
    grid = page.locator(f".st-key-table-{key}")
    grid.locator("canvas tr").nth(1).wait_for(state="attached")
    return [row[:columns] for row in grid.evaluate(GRID)[1:]]


def charted(page: Page, key: str) -> list[list[float]]:
    """The values of a chart's traces, by its key."""
    chart = page.locator(f".st-key-{key} .js-plotly-plot")
    chart.wait_for()
    traces: list[list[float]] = chart.evaluate(TRACES)
    return traces


def test_the_figures_on_the_page_equal_the_tables(browser: Browser, address: str, lake: Settings) -> None:
    bronze = [read(lake, "bronze.tweets"), read(lake, "bronze.emissions")]
    rows, bad = sum(map(len, bronze)), sum(int((table.reasons.str.len() > 0).sum()) for table in bronze)
    validations = read(lake, "ops.validations")
    with opened(browser, address) as page:
        assert metric(page, "Records in bronze") == f"{rows:,}"
        assert metric(page, "In quarantine") == f"{100 * bad / rows:.2f} %"
        assert metric(page, "Expectations met") == f"{validations.success.sum()} / {len(validations)}"
        assert sum(charted(page, "days")[0]) == read(lake, "live.tweet_counts_daily").tweets.sum()
        assert sum(charted(page, "received")[0]) == read(lake, "live.emission_counts_hourly").emissions.sum()
        open_section(page, "Emissions")
        for key in ("country", "device", "format"):
            mart = "daily_by_domain_format" if key == "format" else "daily_by_country_device"
            total = float(read(lake, f"gold.{mart}")["sum_totalEmissions"].sum())
            assert sum(map(sum, charted(page, key))) == pytest.approx(total)
        open_section(page, "Flags")
        flags = read(lake, "live.anomalies")
        assert cells(page, "rules", 2) == [[str(r), str(n)] for r, n in flags.groupby("rule").size().items()]
        open_section(page, "Evidence")
        counted = [
            [topic, str(partition), str(len(held)), str(int((held.reasons.str.len() == 0).sum()))]
            for table in (bronze[1], bronze[0])
            for (topic, partition), held in table.groupby(["topic", "partition"])
        ]
        assert cells(page, "accounting", 4) == counted
        reasons = bronze[0].explode("reasons").reasons.dropna().value_counts()
        assert [row[1] for row in cells(page, "quarantine", 2)] == list(reasons.index)


def test_new_rows_come_to_the_page_by_themselves(browser: Browser, address: str, lake: Settings) -> None:
    with opened(browser, address) as page:
        before = len(read(lake, "bronze.tweets")) + len(read(lake, "bronze.emissions"))
        until(lambda: metric(page, "Records in bronze"), f"{before:,}")
        write_rows(lake, "bronze.tweets", [bronze_row("tweets", 0, n, f"n{n}") for n in range(3, 2003)])
        until(lambda: metric(page, "Records in bronze"), f"{before + 2000:,}")


def test_no_section_is_wider_than_a_phone(browser: Browser, address: str) -> None:
    with opened(browser, address, 390, 844) as page:
        for name in SECTIONS:
            open_section(page, name)
            widths = [
                page.locator(part).evaluate("part => part.scrollWidth") for part in ("html", "[data-testid=stMain]")
            ]
            assert max(widths) <= 390, name


def test_the_role_reader_sees_all_of_it_on_s3(minio: Settings, tmp_path: Path) -> None:
    lake = replace(minio, home=tmp_path, warehouse=f"{minio.warehouse}/dashboard", checkpoints="")
    write_small_lake(lake)
    keys = next(keys for keys in bootstrap(lake, tmp_path) if keys.role is Role.READER)
    view = View(LiveLake(replace(lake, s3_access_key=keys.access_key, s3_secret_key=keys.secret_key)))
    assert view.look() == []
    assert sum(line.rows for line in view.partitions) == 6
    assert len(view.waits) == 2
    assert view.lake.rows("gold.top_10_domains", "select domain from t") == [{"domain": "news.example"}]
    assert view.compactions.last(view.lake, "bronze.tweets") is None
