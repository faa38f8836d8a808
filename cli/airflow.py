"""``tideline airflow``: the embedded Airflow with its web interface, or one command of Airflow's own."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import err
from tideline.settings import load_settings

Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="[COMMAND …]", help="A command of Airflow's own, such as dags test lakehouse_hourly."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    # What follows the first word is Airflow's, options too.
    app.command(
        context_settings={"allow_interspersed_args": False},
        epilog="Example: [bold]tideline airflow dags test lakehouse_hourly[/]",
    )(airflow)


def airflow(command: Command = None) -> None:
    """Start Airflow with its web interface on 127.0.0.1, with the DAGs, the connection and the pool; Ctrl-C ends it.

    The password is printed when it is made, at the first start; it then lies in a file that only its owner reads.
    With a command, run that of Airflow's own command line in the same home, and end with its exit code.
    """
    from cli.airflow_processes import become_airflow, run_airflow

    if command:
        become_airflow(load_settings(), command, err())
    run_airflow(load_settings(), err())
