"""A table as it looks some days later: the times in its log and of its files are moved back."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

from tideline.lake import table_path
from tideline.settings import Settings

_TIMES = re.compile(r'"(timestamp|deletionTimestamp|modificationTime)":(\d{13})')


def older(commit: bytes, days: float) -> bytes:
    """A commit file with times so many days earlier."""
    milliseconds = timedelta(days=days) // timedelta(milliseconds=1)
    return _TIMES.sub(lambda time: f'"{time[1]}":{int(time[2]) - milliseconds}', commit.decode()).encode()


def age(settings: Settings, name: str, days: float) -> None:
    """Make all that was ever done to a table so many days older; Delta checkpoints keep their times."""
    table = Path(table_path(settings, name))
    for commit in table.glob("_delta_log/*.json"):
        commit.write_bytes(older(commit.read_bytes(), days))
        # Hadoop would compare the old checksum.
        commit.with_name(f".{commit.name}.crc").unlink(missing_ok=True)
    for file in table.rglob("*"):
        seconds = file.stat().st_mtime - timedelta(days=days).total_seconds()
        os.utime(file, (seconds, seconds))
