"""``tideline ingest``: files into the landing zone."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.console import err, out
from tideline.settings import load_settings

Origin = Annotated[
    str, typer.Argument(metavar="URL|FILE|-", help="Where the file is; - reads that from standard input.")
]
Sha256 = Annotated[
    str | None,
    typer.Option("--sha256", metavar="HEX", help="What its bytes must have; a URL is not downloaded a second time."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Put a file into the landing zone of the store, whole, verified and once.",
        no_args_is_help=True,
        epilog='Example: [bold]tideline produce tweets --input "$(tideline ingest tweets https://host/t.tsv.gz)"[/]',
    )
    group.command(epilog="Example: [bold]tideline ingest tweets https://host/tweets.tsv.gz[/]")(tweets)
    group.command(epilog="Example: [bold]tideline ingest emissions emissions.csv[/]")(emissions)
    app.add_typer(group, name="ingest")


def tweets(origin: Origin, sha256: Sha256 = None) -> None:
    """Land a TSV of tweets, from here or downloaded by aria2c, and print where it lies."""
    _ingest("tweets", origin, sha256)


def emissions(origin: Origin, sha256: Sha256 = None) -> None:
    """Land a CSV of emissions, from here or downloaded by aria2c, and print where it lies."""
    _ingest("emissions", origin, sha256)


def _ingest(source: str, origin: str, sha256: str | None) -> None:
    from producers.ingest import ingest

    named = sys.stdin.read().strip() if origin == "-" else origin
    landed = ingest(load_settings(), source, named, err(), sha256)
    out().print(landed.path, markup=False, soft_wrap=True)
