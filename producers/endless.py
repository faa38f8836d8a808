"""A generator without an end: one run after the other, each with the next seed; a restart goes on in the newest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count

from producers.client import partition_count
from producers.resume import newest_sources


def seeds_from(bootstrap: str, topic: str, name_of: Callable[[int], str], first: int) -> Iterator[int]:
    """The seeds to run, without an end: from the newest that the topic holds records of, or from the first.

    Args:
        bootstrap: where Kafka is.
        topic: the topic.
        name_of: the name of the run with a seed, as in the ``source`` header.
        first: the seed to begin with when the topic holds none.

    Raises:
        ServiceError: Kafka does not answer.
        TopicError: there is no such topic.
        ResumeError: Kafka stopped answering.
    """
    wanted = run_names(name_of(first), first)
    found = newest_sources(bootstrap, topic, partition_count(bootstrap, topic), wanted)
    return count(max((seed_in(name, wanted) for name in found), default=first))


def run_names(name: str, seed: int) -> re.Pattern[str]:
    """What the names of runs match that differ from this one by their seed only.

    >>> bool(run_names("tweets-1-seed7-lines10", 7).fullmatch("tweets-1-seed12-lines10"))
    True
    >>> bool(run_names("tweets-1-seed7-lines10", 7).fullmatch("tweets-1-seed12-lines11"))
    False
    """
    return re.compile(re.escape(name).replace(f"seed{seed}", r"seed(\d+)", 1))


def seed_in(name: str, names: re.Pattern[str]) -> int:
    """The seed in a run's name.

    >>> seed_in("tweets-1-seed12-lines10", run_names("tweets-1-seed7-lines10", 7))
    12
    """
    return int(names.sub(r"\1", name))
