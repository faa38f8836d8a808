"""``python -m tideline.jars install|verify|lock``: what ``make setup`` and ``make lock`` call."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tideline.errors import TidelineError
from tideline.jars.lock import KINDS, LOCK, ROOT, build_lock, install, jars_dir, read_lock, verify

app = typer.Typer(help="Install, verify or lock the jars.", no_args_is_help=True)
console = Console(stderr=True)


@app.command("install")
def install_jars(
    kinds: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(KINDS)}; all when left out.")] = None,
) -> None:
    """Fetch the locked jars into the environment, e.g. python -m tideline.jars install."""
    if unknown := sorted(set(kinds or ()) - set(KINDS)):
        msg = f"there are {', '.join(KINDS)}, got {', '.join(unknown)}"
        raise typer.BadParameter(msg, param_hint="KINDS")
    locked, wanted = read_lock(), kinds or KINDS
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(len(wanted)) as pool:

        def one(kind: str) -> Path:
            total = sum(jar.kind == kind for jar in locked)
            task = progress.add_task(f"{kind}'s jars", total=total)
            folder = install(locked, kind, ROOT, lambda: progress.advance(task))
            progress.update(task, completed=total)
            return folder

        list(pool.map(one, wanted))


@app.command("verify")
def verify_jars() -> None:
    """Check the installed jars against the lock, e.g. python -m tideline.jars verify."""
    locked = read_lock()
    for kind in KINDS:
        verify(locked, kind, jars_dir(kind))
    console.print(f"{len(locked)} jars are the locked ones")


@app.command("lock")
def lock_jars() -> None:
    """Resolve the declared jars anew and write the lock, e.g. python -m tideline.jars lock."""
    lines = []
    for kind in KINDS:
        with TemporaryDirectory() as work, console.status(f"Resolving {kind}'s jars"):
            lines += [str(jar) for jar in build_lock(kind, Path(work))]
    LOCK.write_text("\n".join(lines) + "\n")
    console.print(f"{LOCK.name}: {len(lines)} jars")


if __name__ == "__main__":
    try:
        app()
    except TidelineError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        sys.exit(1)
