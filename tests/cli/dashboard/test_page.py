"""The page without a browser: what Streamlit is told to show equals what stands in the tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from deltalake import write_deltalake
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from cli.dashboard.docs import docs_route
from cli.dashboard.links import links
from cli.dashboard.server import PAGE
from tests.cli.builders import Write
from tideline.lake import table_path
from tideline.settings import Settings
from tideline.storage import open_storage


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Kafka, no Airflow, and a view of the test's own."""
    monkeypatch.setattr("tideline.offsets.answers", lambda _: False)
    monkeypatch.setattr("cli.dashboard.links.answers", lambda _: False)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def page(settings: Settings, monkeypatch: pytest.MonkeyPatch, section: str = "Live") -> AppTest:
    for name, value in settings.variables().items():
        monkeypatch.setenv(name, value)
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.session_state["section"] = section
    return app.run()


def metrics(app: AppTest) -> dict[str, tuple[str, str]]:
    return {metric.label: (metric.value, metric.delta) for metric in app.metric}


def listed(app: AppTest, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of the first table that has these columns."""
    frame = next(table.value for table in app.dataframe if set(columns) <= set(table.value.columns))
    return list(frame[list(columns)].itertuples(index=False, name=None))


def test_the_headline_is_what_the_tables_hold(lake_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = metrics(page(lake_settings, monkeypatch))
    assert shown["Records in bronze"][0] == "6"
    assert shown["In quarantine"] == ("16.67 %", "1 record")
    assert shown["Lag"] == ("-", "Kafka does not answer")
    assert shown["Expectations met"][0] == "1 / 1"
    assert shown["Audit"] == ("-", "has not run yet")


def test_the_evidence_lists_partitions_reasons_and_expectations(
    lake_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(lake_settings, monkeypatch, "Evidence")
    assert listed(app, "topic", "partition", "rows", "valid", "quarantined", "judged") == [
        ("emissions", 0, 2, 2, 0, "✔ holds"),
        ("tweets", 0, 3, 3, 0, "✔ holds"),
        ("tweets", 1, 1, 0, 1, "✔ holds"),
    ]
    assert listed(app, "topic", "reason", "records") == [("tweets", "date or time is missing", 1)]
    assert listed(app, "table", "expectation", "verdict") == [
        ("bronze.tweets", "expect_column_values_to_not_be_null", "✔ holds")
    ]


def test_a_failing_audit_is_said_at_the_head(settings: Settings, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 2, tzinfo=UTC)
    audited = [("r1", old, "fails"), ("r2", new, "holds"), ("r2", new, "fails")]
    write(
        "ops.audit",
        [
            {"run_id": r, "audited_at": at, "table": "bronze.tweets", "topic": "tweets", "partition": p, "verdict": v}
            for p, (r, at, v) in enumerate(audited)
        ],
    )
    text, note = metrics(page(settings, monkeypatch))["Audit"]
    assert text == "✘ 1 fail"
    assert note.startswith("2 partitions, ")


@pytest.mark.parametrize("section", ["Live", "Emissions", "Flags", "Evidence", "Tables"])
def test_an_empty_lake_says_what_is_missing_and_fails_nowhere(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    app = page(settings, monkeypatch, section)
    assert list(app.exception) == []
    assert list(app.error) == []
    assert metrics(app)["Records in bronze"][0] == "0"


@pytest.mark.parametrize("section", ["Live", "Emissions", "Flags", "Evidence", "Tables"])
def test_every_section_is_drawn(lake_settings: Settings, monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    app = page(lake_settings, monkeypatch, section)
    assert list(app.exception) == []
    assert list(app.error) == []


def test_a_broken_table_is_named_in_its_card_and_all_others_are_shown(
    lake_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Path(lake_settings.warehouse) / "gold" / "top_10_domains" / "_delta_log"
    (log / f"{0:020}.json").write_text("{nonsense")
    app = page(lake_settings, monkeypatch, "Emissions")
    assert list(app.exception) == []
    assert {error.value.split(" (")[0] for error in app.error} == {"the table gold.top_10_domains cannot be read"}
    assert listed(app, "format", "share") == [("banner", 0.5)]
    assert metrics(app)["Records in bronze"][0] == "6"


def test_a_store_that_does_not_answer_is_one_sentence(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Settings(
        home=settings.home,
        warehouse="s3a://lake/x",
        s3_endpoint="http://127.0.0.1:9",
        s3_access_key="someone",
        s3_secret_key="unsaid",
    )
    app = page(away, monkeypatch)
    assert [error.value for error in app.error] == [
        "the store http://127.0.0.1:9 does not answer: `tideline up --s3` starts the embedded one"
    ]


def test_tables_that_not_every_lake_has_are_shown_where_they_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2024, 3, 1, tzinfo=UTC)
    batches = [{"query": "bronze.tweets", "finished_at": start.replace(minute=n), "rows": n} for n in range(2)]
    hours = [{"rule": "silence", "entity": "tweets", "window_start": start, "score": 9.0, "state": "flagged"}]
    for name, rows in (("ops.progress", batches), ("live.tweet_hour_verdicts", hours)):
        write_deltalake(table_path(settings, name), pa.Table.from_pylist(rows))
    app = page(settings, monkeypatch)
    assert listed(app, "query", "rows") == [("bronze.tweets", 1)]
    assert listed(page(settings, monkeypatch, "Flags"), "entity", "rule", "state") == [("tweets", "silence", "flagged")]


def test_a_link_is_what_the_settings_name(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    linked = replace(settings, dashboard_links=("Airflow=http://127.0.0.1:1", "MinIO=http://127.0.0.1:2"))
    assert links(linked) == [("Airflow", "http://127.0.0.1:1"), ("MinIO", "http://127.0.0.1:2")]
    assert links(settings) == []
    monkeypatch.setattr("cli.dashboard.links.answers", lambda _: True)
    open_storage(settings, f"{settings.warehouse}/_docs").write("index.html", b"<html>")
    assert links(settings) == [("Airflow", "http://127.0.0.1:18080"), ("Data Docs", "/data-docs/index.html")]


def test_data_docs_are_served_and_nothing_else_is(settings: Settings) -> None:
    open_storage(settings, f"{settings.warehouse}/_docs").write("static/page.css", b"b {}")
    open_storage(settings, settings.warehouse).write("bronze/secret", b"no")
    serve = docs_route(settings).endpoint

    def ask(name: str) -> tuple[int, bytes]:
        answer = serve(Request({"type": "http", "path_params": {"name": name}}))
        return answer.status_code, answer.body

    assert ask("static/page.css") == (200, b"b {}")
    for name in ("../bronze/secret", "static/../../bronze/secret", "/etc/passwd", "none", "static", ""):
        assert ask(name) == (404, b"not found"), name
