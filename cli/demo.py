"""``tideline demo``: the whole path once, from an input file to gold, with its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import err, out
from tideline.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from cli.report.data import ReportData


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: [bold]tideline demo --tweets-count 10000 --emissions 1000[/]")(demo)


def demo(
    tweets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TSV of tweets to replay; a synthetic one when left out.")
    ] = None,
    tweets_count: Annotated[int, typer.Option(min=1, metavar="N", help="Lines of the synthetic tweet file.")] = 60_000,
    emissions: Annotated[int, typer.Option(min=1, metavar="N", help="Emission rows to generate.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, metavar="S", help="The same seed generates the same data.")] = 1,
    keep_up: Annotated[
        bool, typer.Option("--keep-up", help="Leave the broker running; otherwise it is left as it was found.")
    ] = False,
    open: Annotated[bool, typer.Option("--open/--no-open", help="Show the page in the browser.")] = False,  # noqa: A002
) -> None:
    """Show the whole path: Kafka, stream, Airflow, gold, proof. Running it again sends nothing twice.

    Exit code 0 when every number agrees, 1 when one does not or a step fails.
    """
    from cli.demo_run import Inputs, run_demo

    settings = load_settings()
    console = err()
    page = settings.home / "report.html"
    inputs = Inputs(tweets, tweets_count, emissions, seed)
    data = run_demo(settings, inputs, keep_up=keep_up, page=page, console=console)
    _show(settings, data, page, console)
    if open:
        typer.launch(page.as_uri())
    if not data.accounts.hold:
        err().print("error: the accounts do not hold; the first two tables say where", style="red")
        raise typer.Exit(1)


def _show(settings: Settings, data: ReportData, page: Path, console: Console) -> None:
    from cli.summary import print_summary

    print_summary(out(), data)
    console.print(f"[bold]The page with all plots:[/] {page}")
    console.print(f"[bold]What was validated:[/] {settings.home}/data-docs/index.html")
    console.print(
        "[bold]Next:[/]\n"
        "  tideline sql 'select * from gold.flagged_domains where is_outlier'\n"
        "  tideline tables    versions, rows and files of every table\n"
        "  tideline shell     a PySpark shell with every table\n"
        "  tideline airflow   Airflow's web interface with the DAGs\n"
        "  tideline up        the broker, to stay; then, in two terminals, tideline stream and\n"
        "                     tideline produce tweets --synthetic 20000 --seed 2 --rate 500/s"
    )
    console.print(f"All data lie in {settings.home}; delete that folder to begin anew.", markup=False)
