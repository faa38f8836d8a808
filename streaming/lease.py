"""One stream per bronze table: a lock in the table's folder, which the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tideline.errors import LeaseError


@contextmanager
def folder_lease(table_path: str) -> Iterator[None]:
    """Hold the right to write a table in a folder until the block ends or the process dies.

    Two streams with different checkpoints into one table would double every row, silently.

    Raises:
        LeaseError: another process holds it; names the process.
    """
    file = _file(table_path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            msg = f"{table_path} is being written by the stream with process id {holder}; stop that one first"
            raise LeaseError(msg) from err
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def is_folder_leased(table_path: str) -> bool:
    """Whether a process holds the right to write a table."""
    file = _file(table_path)
    if not file.exists():
        return False
    with file.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _file(table_path: str) -> Path:
    path = Path(table_path)
    return path.parent / f".{path.name}.lease"
