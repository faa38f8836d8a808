"""Which experiments are run where, in order; each is named before it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from proofs.experiments import beside_deletes, beside_maintenance, distant, faults, kills, race
from proofs.lab import Lab, Outcome, own_minio, scratch
from tideline.settings import S3A, Settings

COMMITS_PER_ROUND = 12
COMMITS_PER_DELETE = 30
MINIMUM_ROUNDS = 3
DISTANT_COMMITS = 20
"""Of each driver, where every commit takes long: enough for Delta's own log store to lose half of them."""

Report = Callable[[str], None]
"""Told what begins."""


def prove_commits(settings: Settings, commits: int, minio: Path | None, report: Report) -> Iterator[Outcome]:
    """Run the experiments and yield what each found.

    Args:
        settings: the warehouse decides on the store.
        commits: of each racing driver.
        minio: MinIO's program, for S3 experiments on one of their own; None leaves them out.
        report: told what begins.
    """
    with scratch(settings) as lab:
        yield from _on_store(lab, commits, report)
    if minio is None:
        return
    with own_minio(settings, minio) as victim, scratch(victim.settings) as lab:
        if not settings.warehouse.startswith(S3A):
            yield from _on_store(lab, commits, report)
        report("S3: two drivers append, each commit long on its way")
        yield distant(lab, min(commits, DISTANT_COMMITS))
        report("S3: two drivers append with Delta's own log store, each commit long on its way")
        yield distant(lab, min(commits, DISTANT_COMMITS), stock=True)
        report("S3: two drivers append through a proxy that drops, refuses and trickles")
        yield faults(lab, commits)
        report("S3: two drivers append to a store that is killed")
        yield kills(lab, commits, victim)


def _on_store(lab: Lab, commits: int, report: Report) -> Iterator[Outcome]:
    report(f"{lab.store}: two drivers append")
    yield race(lab, commits)
    report(f"{lab.store}: two drivers append with Delta's own log store")
    yield race(lab, commits, stock=True)
    report(f"{lab.store}: a stream beside OPTIMIZE and VACUUM")
    yield beside_maintenance(lab, max(commits // COMMITS_PER_ROUND, MINIMUM_ROUNDS))
    report(f"{lab.store}: a stream beside DELETE")
    yield beside_deletes(lab, max(commits // COMMITS_PER_DELETE, MINIMUM_ROUNDS))
