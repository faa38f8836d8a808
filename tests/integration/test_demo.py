"""The demo, as a user runs it: real Kafka, Spark and Airflow; from a file to gold, on S3."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cli.accounting import read_accounts
from cli.lake import Lake
from tests.integration.conftest import settings_in
from tests.integration.gold_recount import assert_gold
from tests.integration.lakes import on_s3
from tests.integration.published import assert_published
from tests.integration.recount import read
from tideline.broker import broker_status
from tideline.schemas import TABLES
from tideline.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

TWEETS = Path(__file__).parents[1] / "fixtures" / "tweets_slice.tsv"
EMISSIONS = 300
CHAIN = ["audit", "clean_data", "validate_silver", "process_business_logic", "validate_gold"]
SIDE_BY_SIDE = {"reconcile", "publish"}  # either may end first


def demo(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """Start ``tideline demo``, as the leader of a group, like a shell does."""
    return subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", "demo", *arguments],
        env=os.environ | settings.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, minio: Settings, postgres_server: str) -> Settings:
    home = replace(settings_in(tmp_path_factory.mktemp("demo")), postgres_url=postgres_server)
    return on_s3(home, minio, "demo")


def test_the_demo_takes_every_line_to_gold_and_leaves_nothing_running(home: Settings) -> None:
    process = demo(home, "--tweets", str(TWEETS), "--emissions", str(EMISSIONS))
    output, _ = process.communicate()
    assert process.returncode == 0, output
    accounts = read_accounts(Lake(home), None)
    assert accounts.hold
    lines = len(TWEETS.read_bytes().splitlines()) - 1
    rows = {topic: sum(p.rows for p in accounts.partitions if p.topic == topic) for topic in ("tweets", "emissions")}
    assert rows == {"tweets": lines, "emissions": EMISSIONS}
    assert [set(events.counts.values()) for events in accounts.events] == [
        {events.recount} for events in accounts.events
    ]
    assert [name for name in TABLES if not Lake(home).exists(name)] == ["ops.rebuilds"]
    successes = re.findall(r"(\w+): success", output)
    assert successes[: len(CHAIN)] == CHAIN, output
    assert sorted(successes[len(CHAIN) :]) == sorted(SIDE_BY_SIDE), output
    assert_gold(home)
    assert_published(home)
    assert set(read(home, "ops.audit").verdict) == {"holds"}
    assert read(home, "ops.drift").empty
    validations = read(home, "ops.validations")
    assert validations.run_id.nunique() == 2
    assert validations[validations.severity == "critical"].success.all()
    assert (home.home / "report.html").read_text(encoding="utf-8").count("✔ Every record is accounted for.") == 1
    assert not broker_status(home).running


def test_a_second_demo_sends_nothing_twice_and_ctrl_c_leaves_no_process(home: Settings) -> None:
    process = demo(home, "--tweets", str(TWEETS), "--emissions", str(EMISSIONS))
    stream = wait_for_stream(process)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "0 records sent to topic tweets" in output
    assert "0 records sent to topic emissions" in output
    assert [p for p in stream if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert not broker_status(home).running
    assert read_accounts(Lake(home), None).hold


def wait_for_stream(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The demo's processes, once the stream's JVM is among them."""
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        children = psutil.Process(process.pid).children(recursive=True)
        if any("org.apache.spark" in argument for child in children for argument in command_of(child)):
            return children
        time.sleep(0.2)
    pytest.fail(f"no stream was started: {process.communicate()[0]}")


def command_of(child: psutil.Process) -> list[str]:
    try:
        return list(child.cmdline())
    except psutil.NoSuchProcess:
        return []
