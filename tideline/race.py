"""Whether a store lets one writer of many create a name, tried with real writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tideline.storage import Storage

PROBE_FOLDER = "_tideline"
"""Of what is tried out, and of what is remembered of it, in the warehouse."""

KEYS = 5
THREADS = 20


def race_problem(storage: Storage, folder: str) -> str | None:
    """Let threads create the same names; a lost answer may leave a name without a winner, which is no harm.

    Args:
        storage: where.
        folder: gets the names; the caller deletes it.

    Returns:
        What is wrong, or None.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        for key in range(KEYS):
            name = f"{folder}/key-{key}"
            # At once: a store that looks first and writes then passes any slower test.
            won = list(pool.map(lambda thread: storage.create(name, str(thread).encode()), range(THREADS)))  # noqa: B023
            if won.count(True) > 1:
                return (
                    f"{storage.where} let {won.count(True)} of {THREADS} writers create one and the same key: it does "
                    "not honour `If-None-Match: *`; use a store that does, such as MinIO or Amazon S3"
                )
    return None
