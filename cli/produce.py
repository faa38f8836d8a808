"""``tideline produce``: tweets and emissions into Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import err
from tideline.settings import load_settings

Rate = Annotated[str | None, typer.Option(metavar="N/s", help="Records per second; as fast as it goes when left out.")]
Limit = Annotated[int | None, typer.Option(metavar="N", help="Send at most N records in this run.")]
Topic = Annotated[str | None, typer.Option(metavar="T", help="Another topic than the source's own.")]
Resend = Annotated[bool, typer.Option("--resend", help="Send again what the topic holds already.")]
Seed = Annotated[int | None, typer.Option(metavar="S", help="The same seed generates the same data; 1 when left out.")]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write what is generated there (.gz packs it), not to Kafka.")
]
Send = Annotated[bool, typer.Option("--send", help="With --output: send it to Kafka, too.")]
Endless = Annotated[
    bool, typer.Option("--endless", help="Go on with the next seed when all is generated, until Ctrl-C.")
]
Planted = Annotated[Path | None, typer.Option(metavar="JSON", help="Write there what the generator planted.")]
SourceName = Annotated[
    str | None, typer.Option("--source", metavar="NAME", help="A name for standard input; part of event ids.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Send tweets or ad emissions to Kafka; a second run goes on where the first one ended.",
        no_args_is_help=True,
        epilog="Example: [bold]tideline produce emissions --rows 5000[/]",
    )
    group.command(epilog="Example: [bold]tideline produce tweets --input tweets.tsv.gz --rate 500/s[/]")(tweets)
    group.command(epilog="Example: [bold]tideline produce emissions --rows 5000 --seed 7[/]")(emissions)
    app.add_typer(group, name="produce")


def tweets(
    input: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(metavar="FILE|-", help="A TSV, plain or gzip, also s3a://…; - is standard input."),
    ] = None,
    synthetic: Annotated[int | None, typer.Option(metavar="N", help="Generate N lines instead.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, metavar="D", help="Days that generated tweets spread over; 14 when left out.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Generate tweets without bursts.")] = False,
    processes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Make records ready in N processes beside the one that sends.")
    ] = 1,
    seed: Seed = None,
    output: Output = None,
    send: Send = False,
    endless: Endless = False,
    planted: Planted = None,
    rate: Rate = None,
    limit: Limit = None,
    topic: Topic = None,
    resend: Resend = False,
    source: SourceName = None,
) -> None:
    """Replay a tab-separated tweet file, or generate one. Exit code 1 when Kafka refused a record."""
    from producers.commands import SEED, Generated, Target, exit_code, origin_of, produce_tweets
    from producers.synthetic import DAYS

    if (input is None) == (synthetic is None):
        msg = "give either --input FILE or --synthetic N"
        raise typer.BadParameter(msg)
    _check_endless(endless, input)
    settings = load_settings()
    target = Target(settings.kafka_bootstrap, topic or settings.tweets_topic, rate, limit, resend, processes)
    chosen = SEED if seed is None else seed
    made = Generated(synthetic or 0, chosen, output, planted, send or None, endless, days or DAYS, quiet)
    origin = origin_of(settings, input) if input else made
    raise typer.Exit(exit_code(produce_tweets(target, origin, err(), source)))


def emissions(
    input: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(metavar="CSV|-", help="A CSV, plain or gzip, also s3a://…; - is standard input."),
    ] = None,
    rows: Annotated[int | None, typer.Option(metavar="N", help="Generate N rows; 1,000 when left out.")] = None,
    seed: Seed = None,
    output: Output = None,
    send: Send = False,
    endless: Endless = False,
    planted: Planted = None,
    rate: Rate = None,
    limit: Limit = None,
    topic: Topic = None,
    resend: Resend = False,
    source: SourceName = None,
) -> None:
    """Generate emission rows with planted faults, or replay a CSV. Exit code 1 when Kafka refused a record."""
    from producers.commands import EMISSION_ROWS, SEED, Generated, Target, exit_code, origin_of, produce_emissions

    if input is not None and rows is not None:
        msg = "give either --input CSV or --rows N"
        raise typer.BadParameter(msg)
    _check_endless(endless, input)
    settings = load_settings()
    target = Target(settings.kafka_bootstrap, topic or settings.emissions_topic, rate, limit, resend)
    count = EMISSION_ROWS if rows is None else rows
    made = Generated(count, SEED if seed is None else seed, output, planted, send or None, endless)
    origin = origin_of(settings, input) if input else made
    raise typer.Exit(exit_code(produce_emissions(target, origin, err(), source)))


def _check_endless(endless: bool, given: str | None) -> None:
    if endless and given is not None:
        msg = "--endless is for what is generated: leave out --input"
        raise typer.BadParameter(msg)
