"""``tideline up``, ``down`` and ``status``: the embedded services."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import err, out, table
from tideline.settings import S3A, Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from cli.accounting import PartitionAccount
    from tideline.services import ServiceStatus

NOT_RUNNING = 3
"""Exit code of ``status`` when the broker is down; 1 is for errors."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: [bold]TIDELINE_KAFKA_PORT=29092 tideline up[/]")(up)
    app.command(epilog="Example: [bold]tideline down[/]")(down)
    app.command(epilog="Example: [bold]tideline status || tideline up[/]")(status)


def up(
    s3: Annotated[bool, typer.Option("--s3", help="Start a MinIO too, as the store of s3a:// tables.")] = False,
) -> None:
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
    if s3:
        _up_s3(settings, console)


def _up_s3(settings: Settings, console: Console) -> None:
    from tideline.minio import BUCKET, find_minio, minio_status, start_minio
    from tideline.s3 import ensure_buckets
    from tideline.s3_settings import with_embedded

    ran_before = minio_status(settings).running
    with console.status("starting minio") as now:
        service = start_minio(settings, find_minio(now.update))
        here = settings if settings.warehouse.startswith(S3A) else replace(settings, warehouse=f"{S3A}{BUCKET}/lake")
        here = with_embedded(replace(here, checkpoints="", s3_access_key="", s3_secret_key=""))
        ensure_buckets(here)
    state = "runs already" if ran_before else "started"
    console.print(f"minio {state}: pid {service.pid}, {here.s3_endpoint}, log {service.log}", markup=False)


def down() -> None:
    """Stop the embedded services; their data stay."""
    from tideline.broker import stop_broker
    from tideline.minio import stop_minio

    console = err()
    settings = load_settings()
    for name, stop in (("kafka", stop_broker), ("minio", stop_minio)):
        with console.status(f"stopping {name}"):
            stopped = stop(settings)
        console.print(f"{name} stopped" if stopped else f"{name} was not running")


def status() -> None:
    """Show the services, the topics, and how far bronze is behind them. Exit code 3 when the broker is not running."""
    from cli.accounting import read_partitions
    from cli.kafka import read_offsets
    from cli.lake import Lake
    from tideline.broker import broker_status
    from tideline.minio import minio_status
    from tideline.s3 import ensure_buckets

    settings = load_settings()
    services = [(broker_status(settings), settings.kafka_bootstrap)]
    services.append((minio_status(settings), f"http://127.0.0.1:{settings.minio_port}"))
    offsets = read_offsets(settings)
    console = out()
    console.print(_services_table(services))
    ensure_buckets(settings)
    if offsets is not None:
        console.print(_topics_table(read_partitions(Lake(settings), offsets)))
    if offsets is None:
        err().print(f"nothing answers at {settings.kafka_bootstrap}; [bold]tideline up[/] starts the embedded broker")
        raise typer.Exit(NOT_RUNNING)


def _services_table(services: list[tuple[ServiceStatus, str]]) -> Table:
    rows = []
    for service, address in services:
        memory = None if service.memory_bytes is None else f"{service.memory_bytes / 2**20:.0f} MB"
        since = None if service.since is None else f"{service.since:%Y-%m-%d %H:%M:%S} UTC"
        state = "running" if service.running else "stopped"
        pid = None if service.pid is None else str(service.pid)
        rows.append((service.name, state, pid, address, since, memory, service.log))
    return table("Services", ("service", "state", "pid", "address", "since", "memory", "log"), rows)


def _topics_table(partitions: list[PartitionAccount]) -> Table:
    rows: list[tuple[object, ...]] = []
    for topic in dict.fromkeys(p.topic for p in partitions):
        parts = [p for p in partitions if p.topic == topic]
        rows += [(p.topic, str(p.partition), p.end, p.rows, p.lag) for p in parts]
        rows.append((topic, "all", None, sum(p.rows for p in parts), sum(p.lag or 0 for p in parts)))
    columns = ("topic", "partition", "#end offset", "#rows in bronze", "#lag")
    return table("Topics: Kafka's end offsets against bronze's highest", columns, rows)
