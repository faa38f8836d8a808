"""A web server on this machine that serves bytes by ranges, and fails as it is told."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STEP = 1 << 16


@dataclass
class Web:
    """What is served, what goes wrong, and what was asked.

    Attributes:
        files: bytes by path.
        modified: the ``Last-Modified`` of all of them.
        cut_after: bytes after which a connection is dropped.
        connections: how many it answers to aria2c; the others are dropped at once.
        pause: seconds between two steps of 64 KiB.
        hold_after: bytes after which aria2c waits for more until all is well again.
        given: bytes that aria2c was given, one item per step.
        answers: how many answers aria2c got.
    """

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    modified: str = "Mon, 01 Jan 2024 00:00:00 GMT"
    cut_after: int | None = None
    connections: int = 1_000
    pause: float = 0.0
    hold_after: int | None = None
    given: list[int] = field(default_factory=list)
    answers: int = 0

    def url(self, path: str) -> str:
        """Where a path is served."""
        return f"http://127.0.0.1:{self.port}{path}"

    def recover(self) -> None:
        """Everything goes well from now on, and what was given is counted anew."""
        self.cut_after, self.connections, self.hold_after, self.given, self.answers = None, 1_000, None, [], 0


@contextmanager
def serving() -> Iterator[Web]:
    """A server on a free port, while the block runs."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, web)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        web.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield web
        server.shutdown()


def answer(handler: BaseHTTPRequestHandler, web: Web) -> None:
    handler.close_connection = True
    data = web.files.get(handler.path.partition("?")[0])
    if data is None:
        handler.send_error(404)
        return
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    first, last = (int(wanted[1]), int(wanted[2] or len(data) - 1)) if wanted else (0, len(data) - 1)
    to_aria2c = handler.headers["User-Agent"].startswith("aria2")
    if to_aria2c:
        if web.answers >= web.connections:
            return
        web.answers += 1
    handler.send_response(206 if wanted else 200)
    if wanted:
        handler.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
    handler.send_header("Accept-Ranges", "bytes")
    handler.send_header("Content-Length", str(last - first + 1))
    handler.send_header("Last-Modified", web.modified)
    handler.end_headers()
    end = min(last + 1, first + web.cut_after if web.cut_after else last + 1)
    try:
        for at in range(first, end, STEP):
            while to_aria2c and web.hold_after is not None and sum(web.given) >= web.hold_after:
                time.sleep(0.01)
            step = data[at : min(at + STEP, end)]
            handler.wfile.write(step)
            if to_aria2c:
                web.given.append(len(step))
            time.sleep(web.pause)
    except OSError:
        pass  # aria2c has had enough
