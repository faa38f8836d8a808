"""What `docker/bi/provision.py` needs of Metabase: a server that refuses what its API (v0.63) does not document."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN, SESSION = "setup-token", "session-key"

Body = dict[str, Any]

TEXT, WHOLE = str, int
USER = {"email": TEXT, "password": TEXT, "first_name": TEXT, "last_name": TEXT, "site_name": TEXT}
CARD = {
    "name": TEXT,
    "type": TEXT,
    "display": TEXT,
    "visualization_settings": dict,
    "dataset_query": {"database": WHOLE, "type": TEXT, "native": {"query": TEXT, "template-tags": dict}},
    "collection_id": WHOLE,
}
DASHCARD = {"id": WHOLE, "card_id": WHOLE, "row": WHOLE, "col": WHOLE, "size_x": WHOLE, "size_y": WHOLE}
DISPLAYS = {"table", "bar", "line", "row", "area", "pie", "scalar"}
COLUMNS = 24
"""Of a dashboard's grid."""


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """An answer with a status of 400 or more."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def check(body: object, shape: Any, where: str = "body") -> None:
    """Refuse a body that lacks a field or has one of another type."""
    if isinstance(shape, dict):
        if not isinstance(body, dict):
            raise Refused(400, f"{where} is no object")
        for name, inner in shape.items():
            if name not in body:
                raise Refused(400, f"{where} has no {name}")
            check(body[name], inner, f"{where}.{name}")
    elif not isinstance(body, shape) or body == "":
        raise Refused(400, f"{where} is {body!r}")


class StandIn:
    """The state of a Metabase, and what was asked of it, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.password: str | None = None
        self.settings: Body = {}
        self.databases: list[Body] = []
        self.collections: list[Body] = []
        self.cards: list[Body] = []
        self.dashboards: list[Body] = []

    def answer(self, method: str, path: str, session: str | None, body: Body) -> Any:
        self.asked.append(f"{method} {path}")
        bare, _, query = path.partition("?")
        if bare not in {"/api/health", "/api/session/properties", "/api/session", "/api/setup"} and session != SESSION:
            raise Refused(401, "Unauthenticated")
        for (wanted, pattern), act in self.routes().items():
            found = re.fullmatch(pattern, bare)
            if wanted == method and found:
                return (
                    act(body, *map(int, found.groups())) if not query else self.items(query, *map(int, found.groups()))
                )
        raise Refused(404, f"API endpoint does not exist: {method} {path}")

    def routes(self) -> dict[tuple[str, str], Callable[..., Any]]:
        return {
            ("GET", "/api/health"): lambda _: {"status": "ok"},
            ("GET", "/api/session/properties"): self.properties,
            ("POST", "/api/setup"): self.set_up,
            ("POST", "/api/session"): self.log_in,
            ("PUT", "/api/setting/anon-tracking-enabled"): self.set_tracking,
            ("GET", "/api/database"): lambda _: {"data": self.databases, "total": len(self.databases)},
            ("POST", "/api/database"): self.add_database,
            ("GET", "/api/collection"): lambda _: [{"id": "root", "name": "Our analytics"}, *self.collections],
            ("POST", "/api/collection"): lambda body: self.add(self.collections, body, {"name": TEXT}),
            ("GET", r"/api/collection/(\d+)/items"): self.items,
            ("POST", "/api/card"): self.add_card,
            ("PUT", r"/api/card/(\d+)"): lambda body, n: self.change(self.cards, n, body),
            ("POST", "/api/dashboard"): lambda body: self.add(self.dashboards, body, {"name": TEXT}),
            ("PUT", r"/api/dashboard/(\d+)"): self.lay_out,
        }

    def properties(self, _: Body) -> Body:
        # The token goes with the set-up.
        is_new = self.password is None
        return {"has-user-setup": not is_new, "setup-token": TOKEN if is_new else None}

    def set_up(self, body: Body) -> Body:
        check(body, {"token": TEXT, "user": USER, "prefs": {"site_name": TEXT}})
        if self.password is not None or body["token"] != TOKEN:
            raise Refused(403, "The /api/setup route can only be used to create the first user")
        self.password = body["user"]["password"]
        self.settings["anon-tracking-enabled"] = True
        return {"id": SESSION}

    def log_in(self, body: Body) -> Body:
        check(body, {"username": TEXT, "password": TEXT})
        if body["password"] != self.password:
            raise Refused(401, "did not match stored password")
        return {"id": SESSION}

    def set_tracking(self, body: Body) -> None:
        check(body, {"value": bool})
        self.settings["anon-tracking-enabled"] = body["value"]

    def add_database(self, body: Body) -> Body:
        check(
            body, {"name": TEXT, "engine": TEXT, "details": {"host": TEXT, "port": WHOLE, "dbname": TEXT, "user": TEXT}}
        )
        return self.add(self.databases, body, {})

    def add_card(self, body: Body) -> Body:
        check(body, CARD)
        if body["display"] not in DISPLAYS or body["dataset_query"]["type"] != "native":
            raise Refused(400, "display or type")
        if not any(d["id"] == body["dataset_query"]["database"] for d in self.databases):
            raise Refused(404, "no such database")
        return self.add(self.cards, body, {})

    def items(self, query: Any, collection: int) -> Body:
        if query != "models=card&models=dashboard":
            raise Refused(400, str(query))
        found = [item | {"model": "card"} for item in self.cards] + [
            d | {"model": "dashboard"} for d in self.dashboards
        ]
        return {"data": [item for item in found if item["collection_id"] == collection]}

    def lay_out(self, body: Body, number: int) -> Body:
        for card in body["dashcards"]:
            check(card, DASHCARD)
            if card["col"] + card["size_x"] > COLUMNS or not any(c["id"] == card["card_id"] for c in self.cards):
                raise Refused(400, f"{card}")
        if len({card["id"] for card in body["dashcards"]}) != len(body["dashcards"]):
            raise Refused(400, "two cards with one id")
        return self.change(self.dashboards, number, body)

    def add(self, items: list[Body], body: Body, shape: Body) -> Body:
        check(body, shape)
        items.append(body | {"id": 10 * len(items) + 7})
        return items[-1]

    def change(self, items: list[Body], number: int, body: Body) -> Body:
        found = next((item for item in items if item["id"] == number), None)
        if found is None:
            raise Refused(404, "Not found.")
        found.update(body)
        return found


@contextmanager
def running(stand_in: StandIn) -> Iterator[str]:
    """The stand-in behind an address of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                session = self.headers.get("X-Metabase-Session")
                status, answer = 200, stand_in.answer(self.command, self.path, session, json.loads(data or b"{}"))
            except Refused as refused:
                status, answer = refused.status, {"message": str(refused)}
            text = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = handle_one  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
