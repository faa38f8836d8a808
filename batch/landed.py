"""Reads the landed files, for their validation: every byte of each, once."""

from __future__ import annotations

from typing import Any

import pandas as pd

from expectations.landing import COLUMNS
from tideline.errors import InputError
from tideline.landing import landed_digest, landed_files, read_facts
from tideline.settings import Settings

_COLUMNS = ("path", "unreadable", "promised_sha256", "sha256", "bytes", "data_lines", "missing_columns")


def read_landed(settings: Settings, source: str) -> pd.DataFrame:
    """One row per landed file of a source, as ``landing_suite`` asks for it; no row where nothing landed.

    Raises:
        StoreError: the store refuses or does not answer.
    """
    rows = [_row(settings, path, source) for path in landed_files(settings, source)]
    # As objects: a missing number is None, and makes no float of the others.
    return pd.DataFrame(rows, columns=_COLUMNS, dtype=object)


def _row(settings: Settings, path: str, source: str) -> dict[str, Any]:
    promised = {"path": path, "promised_sha256": landed_digest(path)}
    try:
        facts = read_facts(settings, path, source)
    except InputError as error:
        return promised | {"unreadable": str(error)}
    missing = ", ".join(name for name in COLUMNS[source] if name not in facts.columns)
    return promised | {
        "sha256": facts.sha256,
        "bytes": facts.bytes,
        "data_lines": facts.data_lines,
        "missing_columns": missing or None,
    }
