"""Asking a running stream to rebuild: two small files per live query in the warehouse, one of each side.

Nothing is ever deleted, since the stream may not delete there: a request stands until its id has an answer.
"""

from __future__ import annotations

import json
from contextlib import suppress
from uuid import uuid4

from tideline.race import PROBE_FOLDER
from tideline.settings import Settings
from tideline.storage import open_storage


class Requests:
    """The requests of a warehouse.

    Args:
        settings: where it lies.
    """

    def __init__(self, settings: Settings) -> None:
        self._storage = open_storage(settings, settings.warehouse)

    def ask(self, query: str) -> None:
        """Ask for a rebuild; whoever asked before and has no answer yet gets this one's."""
        self._write(query, "asked", uuid4().hex)

    def pending(self, query: str) -> str | None:
        """The id of the request that has no answer yet."""
        asked = self._read(query, "asked")
        return asked if asked != self._read(query, "done") else None

    def answer(self, query: str, request: str) -> None:
        """Say that a request was carried out."""
        self._write(query, "done", request)

    def _write(self, query: str, what: str, request: str) -> None:
        self._storage.write(_file(query, what), json.dumps({"request": request}).encode())

    def _read(self, query: str, what: str) -> str | None:
        with suppress(FileNotFoundError):
            return str(json.loads(self._storage.read(_file(query, what)))["request"])
        return None


def _file(query: str, what: str) -> str:
    return f"{PROBE_FOLDER}/rebuild/{query}.{what}.json"
