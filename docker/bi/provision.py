"""Sets up Metabase by its API: the admin, the database, and the dashboards of dashboards.json. Safe to run again.

``python docker/bi/provision.py``, with Metabase's address in METABASE_URL, and the folder of the secrets in
METABASE_SECRETS: the file ``admin`` has the admin's password, ``reader`` that of PostgreSQL's user who may read gold.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

ADMIN = "admin@tideline.example"
NAME = "Tideline"
"""Of the site, the database and the collection."""

START_SECONDS = 300
"""Metabase's first start makes its own tables."""


class ProvisionError(Exception):
    """Metabase did not answer, or refused."""


@dataclass
class Metabase:
    """A Metabase at an address; ``session`` is sent with each request once there is one."""

    url: str
    session: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    def get(self, path: str) -> Any:
        """What Metabase shows there."""
        return self._send("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Make something."""
        return self._send("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Change something."""
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        own = {"X-Metabase-Session": self.session} if self.session else {}
        request = urllib.request.Request(self.url + path, data, self.headers | own, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the address is the caller's
                text = answer.read()
        except urllib.error.HTTPError as error:
            # What was sent may hold a password; what comes back names the field at fault.
            msg = f"Metabase refuses {method} {path} with {error.code}: {error.read().decode(errors='replace')[:500]}"
            raise ProvisionError(msg) from error
        except (OSError, http.client.HTTPException) as error:
            msg = f"Metabase at {self.url} does not answer ({error}); start it, then run this again"
            raise ProvisionError(msg) from error
        return json.loads(text) if text else None


def provision(metabase: Metabase, admin: str, reader: str) -> list[str]:
    """Bring Metabase to what dashboards.json says; returns the dashboards' paths.

    Args:
        metabase: it runs.
        admin: the password of its admin, set at the first run.
        reader: the password of PostgreSQL's user ``reader``.
    """
    metabase.session = log_in(metabase, admin)
    # The set-up switches it on.
    metabase.put("/api/setting/anon-tracking-enabled", {"value": False})
    database = ensure_database(metabase, reader)
    collection = named(metabase.get("/api/collection"), NAME) or metabase.post("/api/collection", {"name": NAME})
    there = metabase.get(f"/api/collection/{collection['id']}/items?models=card&models=dashboard")["data"]
    wanted = json.loads((HERE / "dashboards.json").read_text())
    return [f"/dashboard/{lay_out(metabase, database, collection['id'], there, board)}" for board in wanted]


def log_in(metabase: Metabase, password: str) -> str:
    """A session of the admin, who is made where there is nobody yet."""
    known = metabase.get("/api/session/properties")
    if known["has-user-setup"]:
        return str(metabase.post("/api/session", {"username": ADMIN, "password": password})["id"])
    admin = {"email": ADMIN, "password": password, "first_name": "Admin", "last_name": NAME, "site_name": NAME}
    prefs = {"site_name": NAME, "site_locale": "en", "allow_tracking": False}
    return str(metabase.post("/api/setup", {"token": known["setup-token"], "user": admin, "prefs": prefs})["id"])


def ensure_database(metabase: Metabase, password: str) -> int:
    """The id of the connection to PostgreSQL's gold."""
    details = {
        "host": "postgres",
        "port": 5432,
        "dbname": "lake",
        "user": "reader",
        "password": password,
        "ssl": False,
        "schema-filters-type": "inclusion",
        "schema-filters-patterns": "gold",
    }
    found = named(metabase.get("/api/database")["data"], NAME)
    body = {"name": NAME, "engine": "postgres", "details": details}
    return int((found or metabase.post("/api/database", body))["id"])


def lay_out(
    metabase: Metabase, database: int, collection: int, there: list[dict[str, Any]], board: dict[str, Any]
) -> int:
    """Bring a dashboard and its questions to what is wanted; returns its id."""
    cards = list(bring_cards(metabase, database, collection, there, board["questions"]))
    found = named([item for item in there if item["model"] == "dashboard"], board["name"])
    body = {"name": board["name"], "description": board["description"], "collection_id": collection}
    dashboard = int((found or metabase.post("/api/dashboard", body))["id"])
    # Cards with a new, negative id take the place of all that were there.
    metabase.put(f"/api/dashboard/{dashboard}", body | {"dashcards": cards, "tabs": []})
    return dashboard


def bring_cards(
    metabase: Metabase,
    database: int,
    collection: int,
    there: list[dict[str, Any]],
    questions: list[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """Make or change each question; gives its place on the dashboard."""
    known = [item for item in there if item["model"] == "card"]
    for number, question in enumerate(questions, 1):
        native = {"query": (HERE / "sql" / question["sql"]).read_text(), "template-tags": {}}
        body = {
            "name": question["name"],
            "description": question.get("description"),
            "type": "question",
            "display": question["display"],
            "visualization_settings": question["settings"],
            "dataset_query": {"database": database, "type": "native", "native": native},
            "collection_id": collection,
        }
        found = named(known, question["name"])
        made = metabase.put(f"/api/card/{found['id']}", body) if found else metabase.post("/api/card", body)
        col, row, wide, high = question["at"]
        place = {"col": col, "row": row, "size_x": wide, "size_y": high}
        more: dict[str, Any] = {"parameter_mappings": [], "series": [], "visualization_settings": {}}
        yield {"id": -number, "card_id": made["id"], **place, **more}


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The item of this name, if there is one."""
    return next((item for item in items if item["name"] == name), None)


def wait_until_up(metabase: Metabase, seconds: float = START_SECONDS) -> None:
    """Wait until Metabase serves its API.

    Raises:
        ProvisionError: it did not within this time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            metabase.get("/api/health")
        except ProvisionError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(1)


def main() -> int:
    """Provision; 0, or 1 with one sentence."""
    secrets = Path(os.environ.get("METABASE_SECRETS", "/secrets/metabase"))
    metabase = Metabase(os.environ.get("METABASE_URL", "http://metabase:3000").rstrip("/"))
    try:
        wait_until_up(metabase)
        made = provision(metabase, (secrets / "admin").read_text(), (secrets / "reader").read_text())
    except ProvisionError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stderr.write(f"dashboards: {', '.join(made)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
