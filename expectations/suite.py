"""A suite: the expectations of one table. Critical ones stop the DAG, warnings are recorded."""

from __future__ import annotations

from dataclasses import dataclass

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from tideline.schemas import Table

_NAMES = ("column", "column_list", "column_A", "column_B")

CRITICAL = "critical"
WARNING = "warning"
INFO = "info"

USUALLY = 0.95
"""The share of rows for which a warning's expectation should hold: oddities are kept, a flood of them is news."""


@dataclass(frozen=True)
class Suite:
    """Expectations of one table, asked of one frame."""

    name: str
    table: str
    expectations: tuple[Expectation, ...]

    @property
    def title(self) -> str:
        """The suite's name among those of all tables."""
        return self.table if self.name == self.table else f"{self.table}.{self.name}"

    @property
    def columns(self) -> set[str]:
        """The columns whose values it asks for; that a table has its columns is seen without them."""
        return {
            column
            for expectation in self.expectations
            if not isinstance(expectation, gxe.ExpectTableColumnsToMatchOrderedList)
            for column in columns_of(expectation.configuration)
        }


def columns_of(asked: ExpectationConfiguration) -> list[str]:
    """The columns that an expectation names, in its order."""
    named = [asked.kwargs[key] for key in _NAMES if key in asked.kwargs]
    return [column for names in named for column in ([names] if isinstance(names, str) else names)]


def table_form(table: Table) -> tuple[Expectation, ...]:
    """The declared columns, and no key twice."""
    return (
        gxe.ExpectTableColumnsToMatchOrderedList(column_list=table.column_names, severity=CRITICAL),
        *((_unique(table.key),) if table.key else ()),
    )


def not_null(*columns: str) -> tuple[Expectation, ...]:
    """No value is missing in these columns."""
    return tuple(gxe.ExpectColumnValuesToNotBeNull(column=column, severity=CRITICAL) for column in columns)


def at_least(minimum: float, *columns: str, severity: str = CRITICAL, mostly: float = 1.0) -> tuple[Expectation, ...]:
    """No value of these columns lies below the minimum; nulls are not looked at."""
    return tuple(
        gxe.ExpectColumnValuesToBeBetween(column=column, min_value=minimum, severity=severity, mostly=mostly)
        for column in columns
    )


def between(
    minimum: float, maximum: float, *columns: str, severity: str, mostly: float = 1.0
) -> tuple[Expectation, ...]:
    """Every value of these columns lies in the range, its ends included; nulls are not looked at."""
    return tuple(
        gxe.ExpectColumnValuesToBeBetween(
            column=column, min_value=minimum, max_value=maximum, severity=severity, mostly=mostly
        )
        for column in columns
    )


def _unique(key: tuple[str, ...]) -> Expectation:
    if len(key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=key[0], severity=CRITICAL)
    # Null is a value of a group column as any other.
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(key), ignore_row_if="never", severity=CRITICAL)
