"""One stream per bronze table on S3: an object beside the table that its holder renews, and that expires without him.

Every step is a conditional PUT, and age is told by the store's own clock: no two holders, whatever their clocks show. A
holder who is cut off from the store cannot write the table either, so he only has to stop when another one took over.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from tideline.errors import LeaseError, StoreError
from tideline.s3 import client
from tideline.settings import Settings
from tideline.storage import S3Storage, Stamped

LEASE = timedelta(seconds=15)
"""Without a renewal for so long a holder counts as dead; a restart after a kill waits for it."""

RENEW_SECONDS = 4.0
_POLL_SECONDS = 1.0

Say = Callable[[str], None]


@contextmanager
def s3_lease(settings: Settings, table_path: str, stop: threading.Event, lost: Say, report: Say) -> Iterator[None]:
    """Hold the right to write a table until the block ends, or this process dies and the lease expires.

    Args:
        settings: the store.
        table_path: the table.
        stop: ends the wait for a dead holder's lease.
        lost: called, from another thread, with a sentence when another stream took over.
        report: told when there is something to wait for.

    Raises:
        LeaseError: another process holds it; names the process.
        StoreError: the store cannot be reached or refuses.
    """
    held = Held(*_place(settings, table_path), table_path)
    held.take(stop, report)
    done = threading.Event()
    renewer = threading.Thread(target=held.renew, args=(done, lost), daemon=True)
    renewer.start()
    try:
        yield
    finally:
        done.set()
        renewer.join()
        held.release()


def is_s3_leased(settings: Settings, table_path: str) -> bool:
    """Whether a process holds the right to write a table, or died less than ``LEASE`` ago.

    Raises:
        StoreError: the store cannot be reached or refuses.
    """
    storage, name = _place(settings, table_path)
    try:
        found = storage.read_stamped(name)
    except FileNotFoundError:
        return False
    return not json.loads(found.data)["released"] and found.age <= LEASE


def _place(settings: Settings, table_path: str) -> tuple[S3Storage, str]:
    folder, _, table = table_path.rpartition("/")
    return S3Storage(settings, folder, client(settings)), f".{table}.lease"


class Held:
    """A lease as its holder knows it: the etag of the object that he wrote last.

    Args:
        storage: where the lease lies.
        name: the object's name there.
        what: the table, for messages.
    """

    def __init__(self, storage: S3Storage, name: str, what: str) -> None:
        self._storage = storage
        self._name = name
        self._what = what
        self._tag = ""

    def take(self, stop: threading.Event, report: Say) -> None:
        """Take the lease when it is free, or when its holder does not renew it any more.

        Raises:
            LeaseError: its holder renews it, or ``stop`` was set meanwhile.
        """
        seen: Stamped | None = None
        while not self._write({"If-None-Match": "*"}):
            try:
                found = self._storage.read_stamped(self._name)
            except FileNotFoundError:
                continue
            holder = json.loads(found.data)
            if holder["released"] or found.age > LEASE:
                if self._write({"If-Match": found.etag}):
                    return
            elif seen is not None and seen.etag != found.etag:
                msg = (
                    f"{self._what} is being written by the stream with process id {holder['pid']} on {holder['host']}; "
                    "stop that one first"
                )
                raise LeaseError(msg)
            elif seen is None:
                report(
                    f"{self._what} was written by process {holder['pid']} on {holder['host']}; waiting up to "
                    f"{(LEASE - found.age).seconds + 1} s to see whether it still is"
                )
            seen = found
            if stop.wait(_POLL_SECONDS):
                msg = f"stopped while {self._what} was still leased to process {holder['pid']} on {holder['host']}"
                raise LeaseError(msg)

    def renew(self, done: threading.Event, lost: Say) -> None:
        """Renew the lease until ``done``; ends with a call of ``lost`` when another stream holds it."""
        while not done.wait(RENEW_SECONDS):
            # While the store is away nobody can take the lease, or write the table.
            with suppress(StoreError):
                if not self._write({"If-Match": self._tag}):
                    lost(
                        f"another stream took over {self._what} while this one did not renew its lease; start one only"
                    )
                    return

    def release(self) -> None:
        """Let the next stream start at once; if that cannot be said, the lease expires."""
        with suppress(StoreError):
            self._write({"If-Match": self._tag}, released=True)

    def _write(self, condition: dict[str, str], *, released: bool = False) -> bool:
        """Write the lease under a condition; also True when an earlier try of the same write got through unheard."""
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "released": released, "write": uuid.uuid4().hex}
        data = json.dumps(holder).encode()
        tag = self._storage.put_if(self._name, data, condition)
        if tag is None:
            with suppress(FileNotFoundError):
                found = self._storage.read_stamped(self._name)
                tag = found.etag if found.data == data else None
        self._tag = tag or self._tag
        return tag is not None
