"""``tideline``: the entry point. It parses, hands over, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import logging
import sys

import typer

from cli import (
    airflow,
    anomalies,
    demo,
    doctor,
    ingest,
    init,
    inspect,
    produce,
    prove,
    query,
    rebuild,
    s3,
    services,
    stream,
)
from cli.console import err
from tideline.errors import TidelineError

app = typer.Typer(
    name="tideline",
    help="A streaming lakehouse whose numbers can be proven: Kafka, Spark Structured Streaming, Delta, Airflow.",
    epilog="Example: [bold]tideline demo[/] shows the whole path; every command explains itself with --help.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
GROUPS = (demo, services, ingest, produce, stream, airflow, query, anomalies, rebuild, inspect, doctor, prove, init, s3)
for group in GROUPS:
    group.register(app)


def main() -> None:
    """Run a command; 0 is success, 1 an error (one sentence on standard error), 2 wrong usage, 130 Ctrl-C."""
    # Kafka's client logs each retry; what a user has to know comes as an error.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        app()
    except TidelineError as error:
        err().print(f"error: {error}", style="red", markup=False)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has had enough; nothing may be flushed into the closed pipe.
        sys.stdout = None
        sys.exit(0)
