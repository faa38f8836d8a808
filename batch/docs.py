"""Publishes Data Docs: each validation run's results beside the tables, and the site that is built from the newest."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from expectations.docs import INDEX, Run, build_site
from tideline.large_files import locked
from tideline.settings import Settings
from tideline.storage import Storage, open_storage

RESULTS = "_results"
"""The folder of the stored runs, one file each, whose names begin with their time: it is all that the site needs."""

BUILT = "built.txt"
"""In the local site, the runs whose pages are in both."""


def publish_docs(settings: Settings, run: Run) -> str:
    """Store a run and bring the site to it: in the home folder, and ``_docs`` in the warehouse, its index last.

    Only the newest runs stay, as many as the settings say. Runs of several processes may meet here: each stores its own
    results before it builds, and the last index shows them all.

    Returns:
        Where the site begins, in the warehouse.

    Raises:
        StoreError: the store refuses or does not answer.
    """
    storage = open_storage(settings, f"{settings.warehouse}/_docs")
    storage.write(f"{RESULTS}/{run.began:%Y%m%dT%H%M%S.%fZ}-{run.name}.json", run.to_json())
    site = settings.home / "data-docs"
    with locked(site):
        names = storage.names(RESULTS)
        kept, expired = names[-settings.docs_runs :], names[: -settings.docs_runs]
        built = site / BUILT
        runs = _read(storage, kept)
        for name in build_site(site, runs, built.read_text().splitlines() if built.exists() else ()):
            storage.write(name, (site / name).read_bytes())
        # Only now: who was killed before leaves pages that are built and sent again.
        built.write_text("".join(f"{run.name}\n" for run in runs))
        _expire(storage, expired)
    return f"{storage.where}/{INDEX}"


def _read(storage: Storage, names: Sequence[str]) -> list[Run]:
    runs = []
    for name in names:
        # Another process may have found it expired.
        with suppress(FileNotFoundError):
            runs.append(Run.from_json(storage.read(f"{RESULTS}/{name}")))
    return runs


def _expire(storage: Storage, names: Sequence[str]) -> None:
    """Delete runs and their pages, which no index names any more."""
    for run in _read(storage, names):
        for result in run.results:
            suite = result["suite_name"].replace(".", "/")
            storage.drop(f"validations/{suite}/{run.name}")
    storage.remove([f"{RESULTS}/{name}" for name in names])
