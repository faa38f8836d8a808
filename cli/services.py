"""``tideline up``, ``down`` and ``status``: the embedded services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from cli.console import err, out, table
from tideline.settings import load_settings

if TYPE_CHECKING:
    from cli.accounting import PartitionAccount
    from tideline.services import ServiceStatus

NOT_RUNNING = 3
"""Exit code of ``status`` when the broker is down; 1 is for errors."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: [bold]TIDELINE_KAFKA_PORT=29092 tideline up[/]")(up)
    app.command(epilog="Example: [bold]tideline down[/]")(down)
    app.command(epilog="Example: [bold]tideline status || tideline up[/]")(status)


def up() -> None:
    """Start the embedded Kafka broker and create the topics; harmless when it runs already."""
    from tideline.broker import broker_status, start_broker
    from tideline.topics import create_topics

    settings = load_settings()
    console = err()
    ran_before = broker_status(settings).running
    with console.status("starting kafka"):
        service = start_broker(settings)
        made = create_topics(settings)
    state = "runs already" if ran_before else "started"
    console.print(f"kafka {state}: pid {service.pid}, {settings.kafka_bootstrap}, log {service.log}", markup=False)
    if made:
        console.print(f"topics created: {', '.join(made)}", markup=False)


def down() -> None:
    """Stop the embedded services; their data stay."""
    from tideline.broker import stop_broker

    console = err()
    with console.status("stopping kafka"):
        stopped = stop_broker(load_settings())
    console.print("kafka stopped" if stopped else "kafka was not running")


def status() -> None:
    """Show the services, the topics, and how far bronze is behind them. Exit code 3 when the broker is not running."""
    from cli.accounting import read_partitions
    from cli.kafka import read_offsets
    from cli.lake import Lake
    from tideline.broker import broker_status

    settings = load_settings()
    service = broker_status(settings)
    offsets = read_offsets(settings)
    console = out()
    console.print(_services_table(service, settings.kafka_bootstrap))
    if offsets is not None:
        console.print(_topics_table(read_partitions(Lake(settings), offsets)))
    if offsets is None:
        err().print(f"nothing answers at {settings.kafka_bootstrap}; [bold]tideline up[/] starts the embedded broker")
        raise typer.Exit(NOT_RUNNING)


def _services_table(service: ServiceStatus, bootstrap: str) -> Table:
    memory = None if service.memory_bytes is None else f"{service.memory_bytes / 2**20:.0f} MB"
    since = None if service.since is None else f"{service.since:%Y-%m-%d %H:%M:%S} UTC"
    state = "running" if service.running else "stopped"
    pid = None if service.pid is None else str(service.pid)
    row = (service.name, state, pid, bootstrap, since, memory, service.log)
    return table("Services", ("service", "state", "pid", "address", "since", "memory", "log"), [row])


def _topics_table(partitions: list[PartitionAccount]) -> Table:
    rows: list[tuple[object, ...]] = []
    for topic in dict.fromkeys(p.topic for p in partitions):
        parts = [p for p in partitions if p.topic == topic]
        rows += [(p.topic, str(p.partition), p.end, p.rows, p.lag) for p in parts]
        rows.append((topic, "all", None, sum(p.rows for p in parts), sum(p.lag or 0 for p in parts)))
    columns = ("topic", "partition", "#end offset", "#rows in bronze", "#lag")
    return table("Topics: Kafka's end offsets against bronze's highest", columns, rows)
