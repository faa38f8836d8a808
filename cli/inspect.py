"""``tideline tables``, ``tideline report`` and ``tideline dashboard``: the lake seen without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import err, out, table
from cli.text import moment, size
from tideline.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: [bold]tideline tables[/]")(tables)
    app.command(epilog="Example: [bold]tideline report --output /tmp/report.html --open[/]")(report)
    app.command(epilog="Example: [bold]tideline dashboard --port 8501[/]")(dashboard)


def tables() -> None:
    """List every table: version, rows, files, size, newest commit."""
    from cli.lake import Lake
    from tideline.s3 import ensure_buckets
    from tideline.schemas import TABLES

    settings = load_settings()
    ensure_buckets(settings)
    lake = Lake(settings)
    columns = ("table", "#version", "#rows", "#files", "#size", "last commit (UTC)", "operation")
    rows = [
        (
            s.name,
            s.version,
            s.rows,
            s.files,
            size(s.size_bytes),
            moment(s.committed_at),
            s.operation or "not there yet",
        )
        for s in map(lake.state, TABLES)
    ]
    out().print(table("", columns, rows))


def report(
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the page goes; report.html in TIDELINE_HOME when left out."),
    ] = None,
    open: Annotated[bool, typer.Option("--open/--no-open", help="Show the page in the browser.")] = False,  # noqa: A002
) -> None:
    """Build the result page anew. Exit code 1 when the accounts on it do not hold."""
    from cli.kafka import read_offsets
    from cli.lake import Lake
    from cli.report.data import read_report
    from cli.report.page import write_page
    from tideline.s3 import ensure_buckets

    settings = load_settings()
    ensure_buckets(settings)
    path = output or settings.home / "report.html"
    data = read_report(Lake(settings), read_offsets(settings))
    write_page(data, path)
    out().print(str(path), markup=False)
    if open:
        typer.launch(path.absolute().as_uri())
    if not data.accounts.hold:
        err().print("the accounts do not hold: see the page's first section", style="red")
        raise typer.Exit(1)


def dashboard(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(metavar="PORT", help="TIDELINE_DASHBOARD_PORT when left out.")] = None,
) -> None:
    """Show the lake as a page that reads itself anew every few seconds; Ctrl-C ends it.

    It only reads: on S3 the role `reader` is enough.
    """
    from cli.dashboard.server import serve

    settings = load_settings()
    serve(settings, host, port or settings.dashboard_port, err())
