"""``tideline rebuild``: days of silver, live and gold tables, compared with bronze and mended, in one Spark session."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.console import err, out
from tideline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from tideline.settings import Settings

Value = TypeVar("Value")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: [bold]tideline rebuild --from 2024-03-01 --to 2024-03-31 --dry-run[/]")(rebuild)


def rebuild(
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day, such as 2024-03-31.")],
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; left out: the first.")] = None,
    tables: Annotated[
        str, typer.Option(metavar="A,B", help="Layers, or tables such as silver.tweets.")
    ] = "silver,live,gold",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what differs and change nothing.")] = False,
) -> None:
    """Compare days of the tables with what bronze gives, and rebuild those that differ; a running stream goes on."""
    from tideline import rebuild as order_of

    order = order_of.build_order(
        _read(order_of.parse_day, first, "--from"),
        _read(order_of.parse_day, last, "--to") if last else None,
        _read(order_of.parse_tables, tables, "--tables"),
        dry_run=dry_run,
    )
    from batch.rebuild import rebuild as rebuild_batch
    from streaming.rebuild import rebuild as rebuild_live

    settings = load_settings()
    with _session(settings) as spark:
        found = rebuild_batch(spark, settings, order) + rebuild_live(spark, settings, order, _say)
        out().print(order_of.differences_report(order, order.tables, found))
        if not order.dry_run:
            order_of.record(settings, order, order.tables, found)


@contextmanager
def _session(settings: Settings) -> Iterator[SparkSession]:
    from streaming.app import STREAM_CONF
    from tideline.session import build_session

    with err().status("starting Spark"):
        spark = build_session(settings, "tideline-rebuild", STREAM_CONF)
    try:
        yield spark
    finally:
        spark.stop()


def _read(parse: Callable[[str], Value], text: str, option: str) -> Value:
    try:
        return parse(text)
    except ArgumentTypeError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _say(sentence: str) -> None:
    err().print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", markup=False)
