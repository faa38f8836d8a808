"""``tideline prove``: claims of the README, tried on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.children import no_child_left
from cli.console import err, out, table, verdict
from tideline.settings import S3A, Settings, load_settings

if TYPE_CHECKING:
    from proofs.lab import Outcome

COMMITS = 300
COLUMNS = ("", "experiment", "store", "log store", "#acknowledged", "#lost", "#twice", "#seconds", "remark")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Try what the README claims, on this machine.", no_args_is_help=True)
    group.command("commits", epilog="Example: [bold]tideline prove commits --commits 40 --s3[/]")(prove_commits)
    app.add_typer(group, name="prove")


def prove_commits(
    commits: Annotated[int, typer.Option(metavar="N", min=1, help="Commits of each of the two drivers.")] = COMMITS,
    s3: Annotated[bool, typer.Option("--s3", help="Add the S3 experiments, on a MinIO of their own.")] = False,
) -> None:
    """Prove that two Spark drivers on one table lose no commit. Exit code 1 when one was lost."""
    from proofs import suite

    settings = load_settings()
    console = err()
    minio = _minio(settings, wanted=s3)
    if minio is None:
        console.print("the S3 experiments are left out: add [bold]--s3[/], or start [bold]tideline up --s3[/]")
    outcomes = []
    with no_child_left(set()), console.status("starting") as status:
        for outcome in suite.prove_commits(settings, commits, minio, status.update):
            outcomes.append(outcome)
            console.print(
                f"{outcome.experiment}, {outcome.store}, {outcome.log_store}: {outcome.acknowledged} acknowledged, "
                f"{outcome.lost} lost, {outcome.twice} twice, {outcome.seconds:.0f} s",
                markup=False,
            )
    out().print(table("Commits of two drivers on one table", COLUMNS, map(_row, outcomes)))
    if not all(outcome.holds for outcome in outcomes if not outcome.demonstration):
        console.print("Tideline's log stores lost or doubled a commit: do not run two drivers here", style="red")
        raise typer.Exit(1)


def _minio(settings: Settings, *, wanted: bool) -> Path | None:
    """MinIO's program where S3 experiments are to run."""
    from tideline.minio import find_minio, minio_status

    if not (wanted or settings.warehouse.startswith(S3A) or minio_status(settings).running):
        return None
    return find_minio(lambda sentence: err().print(sentence, markup=False))


def _row(outcome: Outcome) -> tuple[object, ...]:
    mark = Text("demo", "dim") if outcome.demonstration else verdict(outcome.holds)
    return (
        mark,
        outcome.experiment,
        outcome.store,
        outcome.log_store,
        outcome.acknowledged,
        outcome.lost,
        outcome.twice,
        f"{outcome.seconds:.0f}",
        outcome.remark,
    )
