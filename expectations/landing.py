"""What must hold for landed files, asked of a frame of one row per file: its path, and what was read of it."""

from __future__ import annotations

import great_expectations.expectations as gxe

from expectations.suite import CRITICAL, INFO, WARNING, Suite, at_least
from tideline.records import EMISSION_COLUMNS

COLUMNS = {"tweets": ("tweet_id", "date", "time"), "emissions": EMISSION_COLUMNS}
"""The names that a header must have; a file may have more."""


def landing_suite(source: str) -> Suite:
    """The suite of ``landing.<source>``.

    Needs one row per file: ``path``, ``unreadable`` (why it cannot be read, or null), ``promised_sha256``, ``sha256``,
    ``bytes``, ``data_lines`` and ``missing_columns`` (names that its header lacks, or null). That there is no file at
    all is told, and is no fault: records may come another way.
    """
    table = f"landing.{source}"
    return Suite(
        table,
        table,
        (
            gxe.ExpectTableRowCountToBeBetween(min_value=1, severity=INFO),
            gxe.ExpectColumnValuesToBeNull(column="unreadable", severity=CRITICAL),
            gxe.ExpectColumnPairValuesToBeEqual(
                column_A="sha256",
                column_B="promised_sha256",
                ignore_row_if="either_value_is_missing",
                severity=CRITICAL,
            ),
            gxe.ExpectColumnValuesToBeNull(column="missing_columns", severity=CRITICAL),
            *at_least(1, "bytes", "data_lines", severity=WARNING),
            gxe.ExpectColumnValuesToBeUnique(column="sha256", severity=WARNING),
        ),
    )
