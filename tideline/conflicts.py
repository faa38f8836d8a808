"""Two writers on one table: Delta refuses the later commit, and the job starts anew from what the other one wrote."""

from __future__ import annotations

import logging

from delta.exceptions import (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentTransactionException,
    ConcurrentWriteException,
    MetadataChangedException,
    ProtocolChangedException,
)
from deltalake.exceptions import CommitFailedError
from tenacity import before_sleep_log, retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

ATTEMPTS = 5

retry_conflicts = retry(
    retry=retry_if_exception_type(
        (
            CommitFailedError,
            ConcurrentAppendException,
            ConcurrentDeleteDeleteException,
            ConcurrentDeleteReadException,
            ConcurrentTransactionException,
            ConcurrentWriteException,
            MetadataChangedException,
            ProtocolChangedException,
        )
    ),
    stop=stop_after_attempt(ATTEMPTS),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    before_sleep=before_sleep_log(logging.getLogger(__name__), logging.WARNING),
    reraise=True,
)
"""Decorates a function that reads, computes and commits, by Spark or by ``deltalake``: all of it runs again after a
conflict."""
