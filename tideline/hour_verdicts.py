"""The verdicts of a source's hours: what is judged when records come in, and how verdicts are stored. No Spark.

What stands as flagged is a function of bronze alone. What was flagged once and holds no more stays, marked withdrawn,
with the numbers of today; ``first_seen`` and these rows are the table's own memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tideline.arrivals import EVENT, HOUR_US, KAFKA, Arrivals, Clocks, Ints, changed_hours
from tideline.rows import arrow_schema
from tideline.schemas import TABLES
from tideline.verdicts import VERSION, Counts, Verdict, Watched, hour_of, judge_counts, judge_quarantine, time_of
from tideline.windows import DAY, HOUR, WIDTHS, Rules, Windows, affected, windows_of

FLAGGED: Final = "flagged"
WITHDRAWN: Final = "withdrawn"

REMEMBERED: Final = "first_seen"
"""The column that a rebuild cannot know."""

ReadCounts = Callable[[int, int], Counts]
"""Reads the hourly counts from an hour on, up to another, left out."""


def clock_of(source: str) -> str:
    """The clock by which a source's hours are counted."""
    return EVENT if source == "tweets" else KAFKA


def update_verdicts(
    source: str, before: Clocks, after: Clocks, read: ReadCounts, rules: Rules, watched: frozenset[Watched]
) -> list[Verdict]:
    """Judge what records that came in have closed or touched.

    Args:
        source: tweets or emissions.
        before: what had come in when windows were judged last.
        after: what has come in by now.
        read: the counts as of now.
        rules: thresholds.
        watched: the verdicts that are stored.

    Returns:
        Verdicts on these windows: those that hold, and those that are watched.
    """
    clock, found = clock_of(source), list[Verdict]()
    for width in WIDTHS:
        part = _to_judge(before[clock], after[clock], width, rules)
        if part is not None and len(part.hours):
            first, last = int(part.hours[0]) // DAY, int(part.hours[-1]) // DAY
            counts = read((first - 7 * rules.weeks) * DAY, (last + 1) * DAY)
            found += judge_counts(part, counts, rules, watched)
    changed = changed_hours(before[KAFKA], after[KAFKA]).hours
    if len(changed):
        newest = before[KAFKA].hours[-1:]
        first = int(np.concatenate([changed, newest]).min())
        found += judge_quarantine(after[KAFKA], source, rules, first, watched)
    return found


def _to_judge(before: Arrivals, after: Arrivals, width: int, rules: Rules) -> Windows | None:
    changed = changed_hours(before, after)
    newest = before.hours[-1] if len(before.hours) else None
    if not len(changed.hours) or (changed.hours[0] == newest and _closes_nothing(before, changed)):
        return None
    now = windows_of(after, width, rules)
    return now.only(affected(windows_of(before, width, rules), now))


def _closes_nothing(before: Arrivals, changed: Arrivals) -> bool:
    """Whether all that came in belongs to the hour that was open already, as it does nearly always."""
    return len(changed.hours) == 1 and bool(changed.first[0] == before.first[-1])


def counts_of(rows: pa.Table, source: str, dimensions: Sequence[str]) -> Counts:
    """Hourly counts of a source as a whole and of each value of its dimensions.

    Args:
        rows: rows of ``live.*_counts_hourly``, each key once.
        source: also the name of the column of counts.
        dimensions: what is looked at apart.
    """
    hours = np.asarray(rows["window_start"].cast(pa.int64())) // HOUR_US
    counts = np.asarray(rows[source]).astype(np.float64)
    names, entity = [source], [np.zeros(len(hours), dtype=np.int64)]
    for dimension in dimensions:
        encoded = pc.fill_null(rows[dimension].combine_chunks().dictionary_encode().indices, -1)
        values = rows[dimension].combine_chunks().dictionary_encode().dictionary.to_pylist()
        place = np.asarray(encoded).astype(np.int64)
        entity.append(np.where(place < 0, len(names) + len(values), len(names) + place))
        names += [f"{source} {dimension}={value}" for value in values] + [f"{source} without {dimension}"]
    repeated = (np.tile(part, len(entity)) for part in (hours, counts))
    return Counts(names, np.concatenate(entity), *repeated)


def watched_of(stored: pa.Table) -> frozenset[Watched]:
    """The verdicts that a table holds."""
    rows = stored.select(["rule", "entity", "window_start", "hours"]).to_pylist()
    return frozenset((r["rule"], r["entity"], hour_of(r["window_start"]), r["hours"]) for r in rows)


def verdict_rows(table: str, verdicts: Iterable[Verdict], stored: pa.Table) -> pa.Table:
    """Verdicts as rows of ``live.*_hour_verdicts``.

    Args:
        table: its name.
        verdicts: one per window and rule at most.
        stored: what the table holds: a verdict is first seen once.
    """
    seen = dict(zip(stored["id"].to_pylist(), stored[REMEMBERED].to_pylist(), strict=True))
    rows = [_row(verdict) | {REMEMBERED: seen.get(verdict.id, verdict.last_judged)} for verdict in verdicts]
    return pa.Table.from_pylist(rows, schema=arrow_schema(TABLES[table]))


def all_rows(table: str, verdicts: Iterable[Verdict], stored: pa.Table) -> pa.Table:
    """All that a table is to hold when everything was judged: what nobody judges any more is withdrawn, not deleted."""
    rows = verdict_rows(table, verdicts, stored)
    left = stored.filter(pc.invert(pc.is_in(stored["id"], rows["id"].combine_chunks())))
    once = {row["id"]: row | {"state": WITHDRAWN} for row in left.to_pylist()}
    return pa.concat_tables([rows, pa.Table.from_pylist(list(once.values()), schema=rows.schema)])


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "rule": verdict.rule,
        "version": VERSION,
        "entity": verdict.entity,
        "window_start": time_of(verdict.hour),
        "hours": verdict.width,
        "value": verdict.value,
        "baseline": verdict.baseline,
        "spread": verdict.spread,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "history": verdict.history,
        "closed_at": verdict.closed_at,
        "last_judged": verdict.last_judged,
        "state": FLAGGED if verdict.holds else WITHDRAWN,
    }


def judged_span(arrivals: Arrivals, rules: Rules) -> tuple[int, int] | None:
    """The first hour that has enough earlier weeks, and the last closed one; None when no hour has.

    Args:
        arrivals: of the source's clock.
        rules: how many weeks are enough.
    """
    hours: Ints = windows_of(arrivals, HOUR, rules).hours
    return (int(hours[0]), int(hours[-1])) if len(hours) else None
