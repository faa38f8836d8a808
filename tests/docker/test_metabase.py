"""The set-up of Metabase against a stand-in for its API; Metabase itself is not run by any test."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.docker.metabase_stand_in import StandIn, running

BI = Path(__file__).resolve().parents[2] / "docker" / "bi"
BOARDS: list[dict[str, Any]] = json.loads((BI / "dashboards.json").read_text())
QUESTIONS = [question for board in BOARDS for question in board["questions"]]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("provision", BI / "provision.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["provision"] = module
    spec.loader.exec_module(module)
    return module


provision = load_script()


def test_a_new_metabase_gets_an_admin_then_the_database_then_all_dashboards() -> None:
    stand_in = StandIn()
    with running(stand_in) as url:
        made = provision.provision(provision.Metabase(url), "admin's", "reader's")
    assert stand_in.asked[:8] == [
        "GET /api/session/properties",
        "POST /api/setup",
        "PUT /api/setting/anon-tracking-enabled",
        "GET /api/database",
        "POST /api/database",
        "GET /api/collection",
        "POST /api/collection",
        "GET /api/collection/7/items?models=card&models=dashboard",
    ]
    assert stand_in.settings == {"anon-tracking-enabled": False}
    assert stand_in.databases[0]["details"]["password"] == "reader's"
    assert [board["name"] for board in stand_in.dashboards] == ["Tweets", "Emissions"]
    shown = {card["card_id"] for board in stand_in.dashboards for card in board["dashcards"]}
    assert shown == {card["id"] for card in stand_in.cards}
    assert len(shown) == len(QUESTIONS)
    assert made == [f"/dashboard/{board['id']}" for board in stand_in.dashboards]


def test_a_second_run_logs_in_and_makes_nothing_twice() -> None:
    stand_in = StandIn()
    with running(stand_in) as url:
        first = provision.provision(provision.Metabase(url), "admin's", "reader's")
        before = json.dumps([stand_in.databases, stand_in.collections, stand_in.cards, stand_in.dashboards])
        stand_in.asked.clear()
        assert provision.provision(provision.Metabase(url), "admin's", "reader's") == first
    after = json.dumps([stand_in.databases, stand_in.collections, stand_in.cards, stand_in.dashboards])
    assert after == before
    assert [asked for asked in stand_in.asked if asked.startswith("POST")] == ["POST /api/session"]


def test_a_refusal_names_the_request_and_the_reason_and_no_password() -> None:
    stand_in = StandIn()
    stand_in.password = "another"
    with running(stand_in) as url, pytest.raises(provision.ProvisionError) as refused:
        provision.provision(provision.Metabase(url), "admin's", "reader's")
    assert str(refused.value) == (
        'Metabase refuses POST /api/session with 401: {"message": "did not match stored password"}'
    )


def test_a_metabase_that_does_not_answer_is_one_sentence() -> None:
    with running(StandIn()) as url:
        pass
    with pytest.raises(provision.ProvisionError, match=r"does not answer .*; start it, then run this again"):
        provision.wait_until_up(provision.Metabase(url), seconds=0)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["name"])
def test_questions_do_not_overlap_and_fill_each_row(board: dict[str, Any]) -> None:
    places = [
        (x, y)
        for col, row, wide, high in (question["at"] for question in board["questions"])
        for x in range(col, col + wide)
        for y in range(row, row + high)
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


def test_every_sql_file_is_a_question_and_every_question_has_its_file() -> None:
    assert sorted(question["sql"] for question in QUESTIONS) == sorted(file.name for file in (BI / "sql").iterdir())
    names = [question["name"] for question in QUESTIONS]
    assert len(names) == len(set(names))
