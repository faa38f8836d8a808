"""``python -m producers``: what ``tideline produce`` and ``tideline ingest`` do, without the rest of Tideline."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from producers.commands import (
    EMISSION_ROWS,
    SEED,
    Generated,
    Target,
    exit_code,
    origin_of,
    produce_emissions,
    produce_tweets,
)
from producers.synthetic import DAYS
from tideline.errors import TidelineError
from tideline.landing import SEPARATORS
from tideline.settings import Settings, load_settings

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, 1 for an error, 130 or 143 for a signal."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command in {"tweets", "emissions"} and options.endless and options.input:
        parser.error("--endless is for what is generated: leave out --input")
    console = Console(stderr=True, soft_wrap=True)
    # The client logs each retry; what a user has to know comes as an error.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        return _run(options, load_settings(), console)
    except TidelineError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    if options.command in {"ingest", "generate"}:
        sys.stdout.write(f"{_made(options, settings, console)}\n")
        return 0
    return _produce(options, settings, console)


def _made(options: argparse.Namespace, settings: Settings, console: Console) -> str:
    """The path of what was landed or generated."""
    from producers.ingest import generate, ingest

    if options.command == "generate":
        return str(generate(settings, options.rows, options.seed, console))
    origin = sys.stdin.read() if options.origin == "-" else options.origin
    return ingest(settings, options.source, origin.strip(), console, options.sha256).path


def _produce(options: argparse.Namespace, settings: Settings, console: Console) -> int:
    tweets = options.command == "tweets"
    topic = options.topic or (settings.tweets_topic if tweets else settings.emissions_topic)
    target = Target(settings.kafka_bootstrap, topic, options.rate, options.limit, options.resend)
    made = Generated(
        options.count, options.seed, options.output, options.planted, options.send or None, options.endless
    )
    if tweets:
        target = replace(target, processes=options.processes)
        made = replace(made, days=options.days, quiet=options.quiet)
    origin = origin_of(settings, options.input) if options.input else made
    produce = produce_tweets if tweets else produce_emissions
    return exit_code(produce(target, origin, console, options.source))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m producers", description="Send tweets or ad emissions to Kafka.")
    commands = parser.add_subparsers(dest="command", required=True)
    tweets = commands.add_parser("tweets", help="replay or generate a tab-separated tweet file")
    origin = tweets.add_mutually_exclusive_group(required=True)
    origin.add_argument("--input", metavar="FILE|-", help="TSV, plain or gzip, also s3a://…; - is standard input")
    origin.add_argument("--synthetic", dest="count", type=int, metavar="N", help="generate N lines")
    tweets.add_argument("--days", type=int, default=DAYS, metavar="D", help="days that they spread over (%(default)s)")
    tweets.add_argument("--quiet", action="store_true", help="generate no bursts")
    tweets.add_argument(
        "--processes", type=int, default=1, metavar="N", help="processes that make records ready (%(default)s)"
    )
    emissions = commands.add_parser("emissions", help="generate or replay a CSV of ad emissions")
    origin = emissions.add_mutually_exclusive_group()
    origin.add_argument("--input", metavar="CSV|-", help="CSV, plain or gzip, also s3a://…; - is standard input")
    origin.add_argument(
        "--rows", dest="count", type=int, default=EMISSION_ROWS, metavar="N", help="generate N rows (%(default)s)"
    )
    for command in (tweets, emissions):
        _add_shared(command)
    _add_ingest(commands.add_parser("ingest", help="put a file into the landing zone, and print where it lies there"))
    made = commands.add_parser("generate", help="write emission rows into the home folder, and print the file's path")
    made.add_argument("--rows", type=int, default=EMISSION_ROWS, metavar="N", help="rows (%(default)s)")
    made.add_argument("--seed", type=int, default=SEED, help="the same seed generates the same (%(default)s)")
    return parser


def _add_ingest(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", choices=sorted(SEPARATORS), help="what the file holds")
    command.add_argument("origin", metavar="URL|FILE|-", help="where it is; - reads that from standard input")
    command.add_argument("--sha256", metavar="HEX", help="what its bytes must have")


def _add_shared(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, default=SEED, help="the same seed generates the same (%(default)s)")
    command.add_argument("--output", type=Path, metavar="FILE", help="write what is generated there, not to Kafka")
    command.add_argument("--endless", action="store_true", help="go on with the next seed when all is generated")
    command.add_argument("--send", action="store_true", help="with --output: send it to Kafka, too")
    command.add_argument("--planted", type=Path, metavar="JSON", help="write there what the generator planted")
    command.add_argument("--rate", metavar="N/s", help="records per second; default: as fast as it goes")
    command.add_argument("--limit", type=int, metavar="N", help="send at most N records in this run")
    command.add_argument("--topic", metavar="T", help="default: the source's own topic")
    command.add_argument("--resend", action="store_true", help="send again what the topic holds already")
    command.add_argument("--source", metavar="NAME", help="a name for standard input, part of event ids")


if __name__ == "__main__":
    sys.exit(main())
