"""Keeps a source's arrivals and the verdicts on its hours, batch by batch, after its counts. No Spark, no scan.

A batch reads the bronze commits that it covers, of which a few narrow columns, and judges the hours that they close or
touch. Verdicts are written before the arrivals, whose commit names the version of bronze that both hold: a batch that
is repeated after a crash finds that version, or does all of it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

import pyarrow as pa
from deltalake import CommitProperties, Transaction
from deltalake import DeltaTable as DeltaLog
from deltalake.table import TableMerger

from streaming.landed import Landed
from streaming.upsert import LiveTable
from tideline.arrivals import COLUMNS, Clocks, add_clocks, arrivals_rows, count_arrivals, no_clocks, parse_arrivals
from tideline.checkpoints import planned_offset, processed_version
from tideline.hour_verdicts import all_rows, counts_of, update_verdicts, verdict_rows, watched_of
from tideline.rows import arrow_schema
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.sources import ARRIVALS, COUNTS_QUERIES, HOUR_VERDICTS
from tideline.storage import open_storage
from tideline.verdicts import Counts, time_of
from tideline.windows import rules_of


class HourJudge:
    """The arrivals and verdicts of a source, kept in memory between batches.

    Args:
        settings: where the tables lie; thresholds.
        source: tweets or emissions.
        hourly: the table of the source's hourly counts.
        dimensions: what is judged apart beside the source as a whole.
    """

    def __init__(self, settings: Settings, source: str, hourly: str, dimensions: Sequence[str]) -> None:
        self._settings, self._source, self._dimensions = settings, source, dimensions
        self._counts, self._arrivals, self._verdicts = (
            LiveTable(settings, name) for name in (hourly, ARRIVALS[source], HOUR_VERDICTS[source])
        )
        self._checkpoints = open_storage(settings, settings.checkpoints)
        self._bronze = Landed(settings, source)
        self._known: tuple[int, Clocks] | None = None

    def after_batch(self, batch_id: int) -> None:
        """Take in what a batch of the counts query has read; its counts are written already."""
        planned = planned_offset(self._checkpoints, COUNTS_QUERIES[self._source], batch_id)
        version, bronze = processed_version(planned), self._bronze.newest()
        known = self._known or self._stored(bronze)
        if batch_id == 0 or known is None:
            self._begin(bronze, version)
        elif version > known[0]:
            self._go_on(bronze, known, version)

    def _begin(self, bronze: DeltaLog, version: int) -> None:
        """Judge everything, and replace both tables."""
        clocks = whole_arrivals(self._settings, self._source, version)
        nothing, stored = no_clocks(self._source), self._verdicts.read()
        rules, watched = rules_of(self._settings), watched_of(stored)
        found = update_verdicts(self._source, nothing, clocks, self._read_counts, rules, watched)
        self._verdicts.replace(all_rows(HOUR_VERDICTS[self._source], found, stored))
        self._arrivals.replace(arrivals_rows(clocks), _holding(bronze, version))
        self._known = version, clocks

    def _go_on(self, bronze: DeltaLog, known: tuple[int, Clocks], version: int) -> None:
        since, before = known
        came = count_rows(self._bronze.between(since, version, COLUMNS[self._source]), self._source)
        after, stored = add_clocks(before, came), self._verdicts.read()
        rules, watched = rules_of(self._settings), watched_of(stored)
        found = update_verdicts(self._source, before, after, self._read_counts, rules, watched)
        self._verdicts.upsert(verdict_rows(HOUR_VERDICTS[self._source], found, stored), _changed_verdicts)
        touched = {clock: after[clock].of_hours(part.hours) for clock, part in came.items()}
        self._arrivals.upsert(arrivals_rows(touched), _changed_arrivals, _holding(bronze, version))
        self._known = version, after

    def _stored(self, bronze: DeltaLog) -> tuple[int, Clocks] | None:
        """What the tables hold, and of which version of bronze; None when it is not of this bronze."""
        version = self._arrivals.holds(_name(bronze))
        return None if version is None else (version, parse_arrivals(self._arrivals.read(), self._source))

    def _read_counts(self, first: int, end: int) -> Counts:
        span = [("window_start", ">=", time_of(first)), ("window_start", "<", time_of(end))]
        return counts_of(self._counts.read(span), self._source, self._dimensions)


def whole_arrivals(settings: Settings, source: str, version: int) -> Clocks:
    """The arrivals of all of a source's bronze, up to a version; memory is bounded by a piece of it."""
    return count_rows(Landed(settings, source).up_to(version, COLUMNS[source]), source)


def count_rows(pieces: Iterable[pa.Table], source: str) -> Clocks:
    """The arrivals of bronze rows that come in pieces."""
    return reduce(add_clocks, (count_arrivals(piece, source) for piece in pieces), no_clocks(source))


def expected_verdicts(settings: Settings, source: str, clocks: Clocks, counts: Counts) -> pa.Table:
    """The rows of ``live.*_hour_verdicts`` that a table without any memory gets.

    Args:
        settings: thresholds.
        source: tweets or emissions.
        clocks: all arrivals.
        counts: all hourly counts.
    """
    name, rules = HOUR_VERDICTS[source], rules_of(settings)
    found = update_verdicts(source, no_clocks(source), clocks, lambda *_: counts, rules, frozenset())
    return verdict_rows(name, found, arrow_schema(TABLES[name]).empty_table())


def _name(bronze: DeltaLog) -> str:
    return f"tideline/{bronze.metadata().id}"


def _holding(bronze: DeltaLog, version: int) -> CommitProperties:
    """What a commit says that its table holds."""
    return CommitProperties(app_transactions=[Transaction(_name(bronze), version)])


def _changed_arrivals(merge: TableMerger) -> TableMerger:
    figures = ("records", "quarantined", "first_received", "last_received")
    differs = " OR ".join(f"t.{name} <> s.{name}" for name in figures)
    return merge.when_matched_update_all(differs).when_not_matched_insert_all()


def _changed_verdicts(merge: TableMerger) -> TableMerger:
    own = ("state", "value", "baseline", "spread", "score", "threshold", "history", "version", "closed_at")
    differs = " OR ".join(f"t.{name} <> s.{name}" for name in (*own, "last_judged"))
    return merge.when_matched_update_all(differs).when_not_matched_insert_all()
