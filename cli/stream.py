"""``tideline stream``: the stream in this process, with its progress on the terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console import err
from tideline.settings import load_settings

SOURCES = ("tweets", "emissions")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: [bold]tideline stream --sources tweets --available-now[/]")(stream)


def stream(
    sources: Annotated[
        str, typer.Option(metavar="A,B", help="Which sources to stream: tweets, emissions, or both.")
    ] = ",".join(SOURCES),
    available_now: Annotated[
        bool,
        typer.Option("--available-now", help="Process what is in Kafka now, then stop."),
    ] = False,
) -> None:
    """Land Kafka's records in bronze and keep the live tables, until Ctrl-C; running batches are finished."""
    names = _parse_sources(sources)
    from streaming.app import run

    console = err()

    def say(sentence: str) -> None:
        console.print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", markup=False)

    def progress(query: str, rows: int) -> None:
        if rows:
            say(f"{query}: {rows:,} rows")

    with console.status("streaming; Ctrl-C stops"):
        run(load_settings(), names, available_now=available_now, report=say, progress=progress)


def _parse_sources(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if unknown := sorted(set(names) - set(SOURCES)):
        msg = f"unknown source {', '.join(unknown)}; there are {', '.join(SOURCES)}"
        raise typer.BadParameter(msg, param_hint="--sources")
    return names
