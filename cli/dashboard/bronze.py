"""What the dashboard knows of a bronze table: its commits are followed, so that no record is read twice."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial

from deltalake import DeltaTable

from cli.dashboard.live_lake import LiveLake, version_of
from cli.lake import read_commits, read_log
from cli.report.freshness import NEWEST_COMMITS, CommitWait, parse_commit
from cli.verdicts import Verdicts, add_commits, count_verdicts

FIRST_COMMITS = 120
"""Commits whose waits are read at the first look, ten minutes of a stream: each is a file, on S3 a request."""


@dataclass
class Bronze:
    """A bronze table as of the last look.

    Attributes:
        verdicts: all of its records.
        waits: how long the records of its newest commits had waited, oldest commit first.
    """

    name: str
    verdicts: Verdicts = field(default_factory=Verdicts)
    waits: deque[CommitWait] = field(default_factory=lambda: deque(maxlen=NEWEST_COMMITS))
    _seen: tuple[str, int] | None = None

    def look(self, lake: LiveLake) -> None:
        """Read what is new.

        Raises:
            TableError: the table cannot be read; what was known of it is forgotten.
        """
        with lake.lock:
            log = lake.log(self.name)
            if log is None:
                self.verdicts, self._seen = Verdicts(), None
                self.waits.clear()
                return
            if version_of(log) == self._seen:
                return
            seen, self._seen = self._seen, None
            table, version = version_of(log)
            if seen is not None and seen[0] == table and seen[1] < version:
                first = seen[1] + 1
                read_log(self.name, log, partial(self._follow, first))
            else:
                first = max(0, version - FIRST_COMMITS + 1)
                self.verdicts = read_log(self.name, log, count_verdicts)
                self.waits.clear()
            commits = read_commits(lake.settings, self.name, range(first, version + 1))
            self.waits.extend(wait for found in commits if (wait := parse_commit(self.name, *found)) is not None)
            self._seen = (table, version)

    def _follow(self, first: int, log: DeltaTable) -> None:
        """Count the new commits; all records where the log no longer has those, as the page slept for days."""
        try:
            add_commits(self.verdicts, log, first)
        except Exception:
            # Nothing narrower: for a file that was vacuumed `deltalake` raises a bare one. A real fault comes up again.
            self.verdicts = count_verdicts(log)
