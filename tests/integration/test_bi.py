"""Every question that Metabase is given, asked of a real PostgreSQL with the tables that `publish` makes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from batch.publish_tables import create_mart, create_published, create_schema, identifier
from tideline.schemas import TABLES

pytestmark = pytest.mark.integration

BI = Path(__file__).resolve().parents[2] / "docker" / "bi"
QUESTIONS: list[dict[str, Any]] = [q for b in json.loads((BI / "dashboards.json").read_text()) for q in b["questions"]]

MONDAY, TUESDAY = date(2024, 4, 1), date(2024, 4, 2)
ROWS: dict[str, list[tuple[object, ...]]] = {
    "gold.tweet_metrics": [
        (datetime(2024, 4, 1, 22, tzinfo=UTC), 3, 8),
        (datetime(2024, 4, 1, 23, tzinfo=UTC), 5, 8),
        (datetime(2024, 4, 2, 23, tzinfo=UTC), 6, 6),
    ],
    "gold.daily_by_country_device": [
        (MONDAY, "FR", "phone", 2, Decimal("1.5"), Decimal("0.75")),
        (TUESDAY, "FR", None, 1, Decimal(4), Decimal(4)),
    ],
    "gold.daily_by_domain_format": [(MONDAY, "news.example", None, 3, Decimal("5.5"), Decimal("1.833333333"))],
    "gold.top_10_domains": [("news.example", Decimal("5.5")), ("blog.example", Decimal(7))],
    "gold.emission_contributions": [
        (MONDAY, "news.example", Decimal("0.2"), Decimal("0.3"), Decimal("0.5")),
        (MONDAY, "news.example", Decimal("0.4"), Decimal("0.3"), Decimal("0.3")),
        (MONDAY, "blog.example", None, None, None),
    ],
    "gold.daily_country_trends": [(MONDAY, "FR", Decimal(2)), (MONDAY, "DE", Decimal(3)), (TUESDAY, "FR", Decimal(4))],
    "gold.avg_domain_coverage": [("banner", Decimal("0.25")), (None, Decimal(1))],
    "gold.flagged_domains": [
        ("quiet.example", Decimal(1), -0.5, False),
        ("loud.example", Decimal(900), 2.345, True),
        ("alone.example", Decimal(1), None, False),
    ],
}


@pytest.fixture
def published(postgres_url: str) -> Any:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(create_schema())
        connection.execute(create_published())
        for name, rows in ROWS.items():
            connection.execute(create_mart(TABLES[name]))
            places = sql.SQL(", ").join([sql.Placeholder()] * len(rows[0]))
            insert = sql.SQL("insert into {} values ({})").format(identifier(name), places)
            connection.cursor().executemany(insert, rows)
        # Metabase's connection has the time zone of its own machine.
        connection.execute("set time zone 'America/New_York'")
        yield connection


def ask(connection: psycopg.Connection, question: dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    found = connection.execute((BI / "sql" / question["sql"]).read_text())
    return [column.name for column in found.description or []], found.fetchall()


def test_every_question_has_the_columns_that_its_chart_draws(published: psycopg.Connection) -> None:
    for question in QUESTIONS:
        columns, _ = ask(published, question)
        settings = question["settings"]
        drawn = [*settings.get("graph.dimensions", []), *settings.get("graph.metrics", [])]
        assert set(drawn) <= set(columns), question["name"]
        assert drawn or question["display"] in {"scalar", "table"}, question["name"]


def test_the_answers_are_those_of_the_marts(published: psycopg.Connection) -> None:
    answers = {question["name"]: ask(published, question)[1] for question in QUESTIONS}
    assert answers["Tweets in all"] == [(14,)]
    assert answers["Tweets per day"] == [(MONDAY, 8), (TUESDAY, 6)]
    assert [tweets for _, tweets in answers["Tweets per hour"]] == [3, 5, 6]
    assert answers["Tweets by hour of the day"] == [(22, Decimal("3.0")), (23, Decimal("5.5"))]
    assert answers["Emissions per day"] == [(MONDAY, 5), (TUESDAY, 4)]
    assert answers["Emissions by device"] == [("unknown", 4), ("phone", Decimal("1.5"))]
    assert answers["Emissions by ad format"] == [("unknown", Decimal("5.5"), 3)]
    assert [domain for domain, _ in answers["Top 10 domains"]] == ["blog.example", "news.example"]
    assert answers["What the emissions come from"] == [(MONDAY, Decimal("0.3"), Decimal("0.3"), Decimal("0.4"))]
    assert answers["Outliers among domains"] == [("loud.example", 900, Decimal("2.35"))]
    assert answers["Share of measured coverage"] == [("unknown", 1), ("banner", Decimal("0.25"))]


def test_empty_tables_are_no_error(published: psycopg.Connection) -> None:
    for name in ROWS:
        published.execute(sql.SQL("delete from {}").format(identifier(name)))
    assert {
        question["name"]: ask(published, question)[1] for question in QUESTIONS if question["display"] == "scalar"
    } == {"Tweets in all": [(0,)]}
    for question in QUESTIONS:
        ask(published, question)
