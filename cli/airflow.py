"""``tideline airflow``: the embedded Airflow with its web interface, for as long as the command runs."""

from __future__ import annotations

import typer

from cli.console import err
from tideline.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: [bold]TIDELINE_AIRFLOW_PORT=28080 tideline airflow[/]")(airflow)


def airflow() -> None:
    """Start Airflow with its web interface on 127.0.0.1, with the DAGs, the connection and the pool; Ctrl-C ends it.

    The password is printed when it is made, at the first start; it then lies in a file that only its owner reads.
    """
    from cli.airflow_processes import run_airflow

    run_airflow(load_settings(), err())
