"""``ingest``: a file from here or from a URL into the landing zone; free of any option parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from producers.commands import Generated, Target, produce_emissions
from producers.download import downloaded, find_aria2c
from producers.landing import Landed, find_landed, land
from producers.remote import Remote, check_url, is_url, look_at, shown
from tideline.errors import InputError
from tideline.settings import Settings

_SHA256 = re.compile(r"[0-9a-f]{64}")


def ingest(settings: Settings, source: str, origin: str, console: Console, sha256: str | None = None) -> Landed:
    """Land a file, from here or downloaded.

    Args:
        settings: the store, and the home whose ``downloads/`` keeps what was not finished.
        source: ``tweets`` or ``emissions``.
        origin: a path, or a URL of http or https.
        console: for progress and the result; standard error, as a rule.
        sha256: what the file's bytes must have. A URL whose file has landed by that digest is not downloaded again.

    Raises:
        TidelineError: whatever a user has to know.
    """
    wanted = _digest(sha256) if sha256 else None
    if not origin:
        msg = f"there is nothing to ingest: name a file or a URL, such as https://host/{source}.gz"
        raise InputError(msg)
    landed = (_land_url if is_url(origin) else _land_file)(settings, source, origin, console, wanted)
    what = "landed and read back" if landed.is_new else "is there already, whole: nothing was written"
    console.print(f"{Path(landed.path).name} {what}; SHA-256 {landed.sha256}", highlight=False, markup=False)
    return landed


def generate(settings: Settings, rows: int, seed: int, console: Console) -> Path:
    """Write a CSV of generated emissions into the home folder, beside a JSON file of what was planted.

    Raises:
        InputError: it cannot be generated or written.
    """
    path = settings.home / "generated" / f"emissions-{rows}-seed-{seed}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = Generated(rows, seed, path, path.with_suffix(".planted.json"))
    produce_emissions(Target(settings.kafka_bootstrap, settings.emissions_topic), wanted, console)
    return path


def _land_file(settings: Settings, source: str, origin: str, console: Console, sha256: str | None) -> Landed:
    with console.status(f"landing {origin}"):
        return land(settings, Path(origin).expanduser(), source, sha256)


def _land_url(settings: Settings, source: str, url: str, console: Console, sha256: str | None) -> Landed:
    check_url(url)
    there = find_landed(settings, source, sha256) if sha256 else None
    if there:
        return there
    find_aria2c()
    remote = look_at(url)
    size = f", {remote.size:,} bytes" if remote.size is not None else ""
    console.print(f"downloading {shown(url)}{size}", highlight=False, markup=False)
    with (
        downloaded(remote, source, settings.home / "downloads", sha256, partial(_bar, console, remote)) as file,
        console.status(f"landing {file.name}"),
    ):
        return land(settings, file, source, sha256)


@contextmanager
def _bar(console: Console, remote: Remote) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(remote.name or shown(remote.url), total=remote.size)
        yield lambda here: bar.update(task, completed=here)


def _digest(text: str) -> str:
    digest = text.strip().lower()
    if not _SHA256.fullmatch(digest):
        msg = f"{text!r} is no SHA-256: give 64 hexadecimal digits, as `sha256sum FILE` prints them"
        raise InputError(msg)
    return digest
