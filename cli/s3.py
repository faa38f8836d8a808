"""``tideline s3 bootstrap``: the store's users and policies, one for each role."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import err, out, table
from tideline.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="The S3 store's users and policies.")
    group.callback()(lambda: None)
    group.command(epilog="Example: [bold]TIDELINE_WAREHOUSE=s3a://tideline/lake tideline s3 bootstrap[/]")(bootstrap)
    app.add_typer(group, name="s3")


def bootstrap(
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the files of credentials go; TIDELINE_HOME when left out."),
    ] = None,
) -> None:
    """Create the bucket, and a MinIO user with its own policy for each role: stream, maintenance, ingest, reader.

    Each gets a file of settings with random secrets that only its owner reads. Running it again keeps the secrets.
    """
    from tideline import s3_roles

    settings = load_settings()
    made = s3_roles.bootstrap(settings, (output or settings.home).absolute())
    may = {
        s3_roles.Role.STREAM: "read; write bronze, live and checkpoints; delete in the checkpoints only",
        s3_roles.Role.MAINTENANCE: "read; write and delete everywhere but in the checkpoints",
        s3_roles.Role.INGEST: "read and write the landing zone",
        s3_roles.Role.READER: "read",
    }
    rows = [(keys.role, keys.access_key, may[keys.role], keys.file) for keys in made]
    out().print(table("Users of the store", ("role", "access key", "may", "settings"), rows))
    err().print("a process takes its role by the settings in its file, such as: set -a; . FILE; set +a", markup=False)
