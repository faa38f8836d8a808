"""The steps of the demo, one after the other; Airflow's own set-up runs beside the first of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from cli.children import no_child_left
from cli.drain import drain
from cli.kafka import read_offsets
from cli.lake import Lake
from cli.report.data import ReportData, read_report
from cli.report.page import write_page
from producers.commands import Generated, Target, exit_code, produce_emissions, produce_tweets
from tideline.airflow_home import initialise_airflow
from tideline.airflow_run import TaskEvent, run_dag
from tideline.broker import broker_status, is_external, start_broker, stop_broker
from tideline.s3 import ensure_buckets
from tideline.settings import Settings
from tideline.topics import create_topics

DAG = "lakehouse_hourly"

DEMO_DAYS = 56
"""Eight weeks: an hour is judged against the same hour of earlier weeks, and the first four only teach."""


@dataclass(frozen=True)
class Inputs:
    """What the demo sends: a file of tweets or so many synthetic ones, and so many emission rows."""

    tweets: Path | None
    tweets_count: int
    emissions: int
    seed: int


def run_demo(settings: Settings, inputs: Inputs, *, keep_up: bool, page: Path, console: Console) -> ReportData:
    """Run all steps and write the page.

    Args:
        settings: home folder, ports, Spark.
        inputs: what is sent.
        keep_up: leave the broker running, even when it was down before.
        page: where the HTML page goes.
        console: for the steps and their progress.

    Raises:
        TidelineError: a step failed.
    """
    begun = time.monotonic()
    ensure_buckets(settings)
    stays = keep_up or is_external(settings) or broker_status(settings).running
    spared: set[int] = set()
    with ThreadPoolExecutor(1) as beside, no_child_left(spared):
        try:
            with _step(console, "Kafka: broker and topics"):
                if not is_external(settings):
                    spared.add(start_broker(settings).pid or 0)
                create_topics(settings)
            airflow = beside.submit(initialise_airflow, settings)
            with _step(console, "Producers: tweets and emissions"):
                _produce(settings, inputs, console)
            with _step(console, "Stream: Kafka → bronze → live tables"):
                drain(settings, console)
            with _step(console, f"Airflow: {DAG}, bronze proven, silver and gold made and validated"):
                _run_dag(settings, airflow, console)
            with _step(console, "Proof: every table read anew, without Spark"):
                data = read_report(Lake(settings), read_offsets(settings))
                write_page(data, page)
        finally:
            if not stays:
                stop_broker(settings)
    console.print(f"all steps took {time.monotonic() - begun:.0f} s", style="bold")
    if not is_external(settings):
        console.print("the broker runs on; tideline down stops it\n" if stays else "the broker was stopped again\n")
    return data


@contextmanager
def _step(console: Console, title: str) -> Iterator[None]:
    begun = time.monotonic()
    console.print(f"[bold]▸ {title}[/]")
    yield
    console.print(f"  [green]✔[/] {time.monotonic() - begun:.1f} s")


def _run_dag(settings: Settings, set_up: Future[None], console: Console) -> None:
    with console.status("setting up Airflow") as now:
        set_up.result()
        now.update(f"starting {DAG}")
        begun = time.monotonic()

        def tell(event: TaskEvent) -> None:
            nonlocal begun
            if event.state == "running":
                begun = time.monotonic()
                now.update(f"{DAG}: {event.task_id}")
            else:
                seconds = time.monotonic() - begun
                console.print(f"  {event.task_id}: {event.state}, {seconds:.1f} s {event.error}".rstrip(), markup=False)

        run_dag(settings, DAG, tell)


def _produce(settings: Settings, inputs: Inputs, console: Console) -> None:
    generated = settings.home / "demo"
    generated.mkdir(parents=True, exist_ok=True)
    synthetic = replace(_generated(inputs.tweets_count, inputs.seed, generated / "tweets.tsv"), days=DEMO_DAYS)
    tweets = str(inputs.tweets) if inputs.tweets else synthetic
    emissions = _generated(inputs.emissions, inputs.seed, generated / "emissions.csv")
    for send, topic, origin in (
        (produce_tweets, settings.tweets_topic, tweets),
        (produce_emissions, settings.emissions_topic, emissions),
    ):
        code = exit_code(send(Target(settings.kafka_bootstrap, topic), origin, console))
        if code:
            sys.exit(code)


def _generated(count: int, seed: int, output: Path) -> Generated:
    """What is generated lies in the home folder too, for whoever wants to see what was sent, and what was planted."""
    return Generated(count, seed, output, output.with_suffix(".planted.json"), send=True)
