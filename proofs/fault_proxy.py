"""A proxy before an S3 store that misbehaves on purpose, by count and never by chance.

Each connection carries one request: both sides are told to close it, so the end of a reply is the end of the stream.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from threading import Thread
from urllib.parse import urlsplit

_END = b"\r\n\r\n"
_PIECE_BYTES = 256
_PIECE_SECONDS = 0.001
_DELAY_SECONDS = 0.3
_UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\nContent-Length: 42\r\n"
    b"Connection: close\r\n\r\n<Error><Code>SlowDown</Code></Error>      "
)
_CONDITION = re.compile(rb"\r\nif-none-match:[^\r]*", re.IGNORECASE)


class Fault(Enum):
    """What happens to a request."""

    NONE = "passed"
    DROP_REPLY = "replies dropped"
    """The store acts, and the connection ends instead of its reply."""
    UNAVAILABLE = "answered 503"
    """The store hears nothing of it."""
    TRICKLE = "trickled"
    """Request and reply go in small pieces."""
    DELAY = "delayed"
    """The store hears of it a moment later, as over a long way: what a client looked at before may have changed."""
    FORGET_CONDITION = "conditions forgotten"
    """The store hears no ``If-None-Match``: so behaves one that does not know it."""


@dataclass(frozen=True)
class Request:
    """What a plan sees of a request."""

    method: str
    path: str

    @property
    def is_commit(self) -> bool:
        """Whether it writes a version of a Delta table."""
        return self.method == "PUT" and re.search(r"/_delta_log/\d{20}\.json$", self.path) is not None


Plan = Callable[[Request], Fault]


def every(count: int, fault: Fault, matches: Callable[[Request], bool]) -> Plan:
    """A plan by which every so many matching requests meet the fault, the first ones pass."""
    seen = Counter[str]()

    def plan(request: Request) -> Fault:
        seen["matching"] += matches(request)
        return fault if matches(request) and seen["matching"] % count == 0 else Fault.NONE

    return plan


def first_of(*plans: Plan) -> Plan:
    """The first fault that one of the plans has for a request; all of them count it."""

    def plan(request: Request) -> Fault:
        faults = [one(request) for one in plans]
        return next((fault for fault in faults if fault is not Fault.NONE), Fault.NONE)

    return plan


@dataclass
class FaultProxy:
    """A running proxy: its address, and how many requests met which fault."""

    upstream: str
    plan: Plan
    endpoint: str = ""
    met: Counter[Fault] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(_END)
            method, target = head.split(b" ", 2)[:2]
            fault = self.plan(Request(method.decode(), target.decode().partition("?")[0]))
            self.met[fault] += 1
            if fault is Fault.UNAVAILABLE:
                await _refuse(head, reader, writer)
            else:
                await self._pass(head, fault, reader, writer)
        writer.close()

    async def _pass(
        self, head: bytes, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        address = urlsplit(self.upstream)
        store_reader, store_writer = await asyncio.open_connection(address.hostname, address.port)
        if fault is Fault.DELAY:
            await asyncio.sleep(_DELAY_SECONDS)
        if fault is Fault.FORGET_CONDITION:
            head = _CONDITION.sub(b"", head)
        store_writer.write(head.replace(_END, b"\r\nConnection: close" + _END))
        slow = fault is Fault.TRICKLE
        body = asyncio.create_task(_pump(reader, store_writer, slow=slow))
        try:
            if fault is Fault.DROP_REPLY:
                await _swallow(store_reader, writer)
                writer.transport.abort()
            else:
                await _pump(store_reader, writer, slow=slow)
        finally:
            body.cancel()
            store_writer.close()


async def _refuse(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if length and b"100-continue" not in head.lower():
        # Whoever still sends does not listen.
        await reader.readexactly(int(length[1]))
    writer.write(_UNAVAILABLE)
    await writer.drain()


async def _swallow(store: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the store's reply to its end; only the interim one passes, for which the client waits before the body."""
    head = await store.readuntil(_END)
    if head.startswith(b"HTTP/1.1 100"):
        writer.write(head)
        await writer.drain()
    await store.read()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
    with suppress(OSError):
        while data := await reader.read(_PIECE_BYTES if slow else 1 << 16):
            writer.write(data)
            await writer.drain()
            if slow:
                await asyncio.sleep(_PIECE_SECONDS)


@contextmanager
def fault_proxy(upstream: str, plan: Plan) -> Iterator[FaultProxy]:
    """Run a proxy on a free port of 127.0.0.1 until the block ends.

    Args:
        upstream: the store's URL; plain HTTP.
        plan: decides on each request, in the order in which they come.
    """
    proxy = FaultProxy(upstream, plan)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="fault-proxy", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(proxy.serve, "127.0.0.1", 0), loop).result()
    proxy.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    # Not once: a connection that was just accepted becomes a task of its own while the others end.
    while running := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
