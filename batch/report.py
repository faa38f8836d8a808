"""What a step did, as a table for the terminal and the task's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from expectations.runner import Outcome


def results_table(title: str, results: Sequence[DataclassInstance]) -> Table:
    """One row per result, one column per field."""
    return _table(title, [asdict(result) for result in results])


def outcomes_table(title: str, outcomes: Sequence[Outcome]) -> Table:
    """Per validated table: how many expectations hold, and which do not."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.table, []).append(outcome)
    return _table(
        title,
        [
            {
                "table": table,
                "hold": f"{sum(o.success for o in group)} of {len(group)}",
                "do not hold": "\n".join(f"{o.severity}: {o.expectation} {o.column}" for o in group if not o.success),
            }
            for table, group in sorted(groups.items())
        ],
    )


def _table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name, value in (rows[0] if rows else {}).items():
        table.add_column(name.replace("_", " "), justify="right" if isinstance(value, int) else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if type(value) is int else str(value) for value in row.values()))
    return table
