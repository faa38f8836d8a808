"""No commit is lost, whatever happens: small runs of the experiments behind ``tideline prove commits``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proofs.experiments import beside_maintenance, distant, faults, kills, race
from proofs.fault_proxy import Fault, Request, every, fault_proxy
from proofs.lab import Lab, own_minio, scratch
from tests.batch.builders import append, tweet
from tests.integration.conftest import settings_in
from tests.integration.lakes import own_s3_lake, send, start_stream
from tests.integration.recount import assert_conserved
from tests.integration.test_stream import tweets
from tideline.race import race_problem
from tideline.settings import Settings
from tideline.storage import open_storage

pytestmark = pytest.mark.integration

COMMITS = 15


@pytest.fixture
def on_s3(minio: Settings, tmp_path: Path) -> Iterator[Lab]:
    with scratch(replace(minio, home=tmp_path)) as lab:
        yield lab


@pytest.mark.long
def test_two_drivers_in_a_folder_lose_no_commit(tmp_path: Path) -> None:
    with scratch(settings_in(tmp_path)) as lab:
        outcome = race(lab, COMMITS)
    assert outcome.holds, outcome
    assert outcome.acknowledged == 2 * COMMITS


@pytest.mark.long
def test_two_drivers_on_s3_lose_no_commit_where_the_stock_class_loses_many(on_s3: Lab) -> None:
    outcome = distant(on_s3, COMMITS)
    assert outcome.holds, outcome
    assert outcome.acknowledged == 2 * COMMITS
    stock = distant(on_s3, COMMITS, stock=True)
    assert stock.lost > 0, f"the experiment cannot see a loss: {stock}"


@pytest.mark.long
def test_two_drivers_on_s3_lose_no_commit_though_replies_get_lost_and_the_store_refuses(on_s3: Lab) -> None:
    outcome = faults(on_s3, COMMITS)
    assert outcome.holds, outcome
    assert outcome.acknowledged >= COMMITS
    assert all(fault in outcome.remark for fault in ("replies dropped", "answered 503", "trickled")), outcome


@pytest.mark.long
def test_two_drivers_on_s3_lose_no_commit_when_the_store_is_killed(tmp_path: Path, minio_program: Path) -> None:
    with own_minio(settings_in(tmp_path), minio_program) as victim, scratch(victim.settings) as lab:
        outcome = kills(lab, COMMITS, victim)
    assert outcome.holds, outcome
    assert "3 times killed" in outcome.remark, outcome


def test_a_stream_on_s3_beside_optimize_and_vacuum_loses_nothing_and_lives(on_s3: Lab) -> None:
    outcome = beside_maintenance(on_s3, 2)
    assert outcome.holds, outcome
    assert " 0 files deleted" not in outcome.remark, outcome


def is_probe(request: Request) -> bool:
    """Spark signs its conditions: a commit without one would be refused for its signature."""
    return "/key-" in request.path


def test_a_store_that_ignores_conditions_is_found_out(minio: Settings, tmp_path: Path) -> None:
    with fault_proxy(minio.s3_endpoint, every(1, Fault.FORGET_CONDITION, is_probe)) as proxy:
        forgetful = open_storage(replace(minio, s3_endpoint=proxy.endpoint), f"{minio.warehouse}/{tmp_path.name}")
        problem = race_problem(forgetful, "probe")
    assert problem is not None
    assert "writers create one and the same key: it does not honour `If-None-Match: *`" in problem
    assert race_problem(open_storage(minio, f"{minio.warehouse}/{tmp_path.name}"), "again") is None


@pytest.mark.long
def test_a_store_that_ignores_conditions_gets_a_stream_that_says_it_runs_alone(
    settings: Settings, minio: Settings, tmp_path: Path
) -> None:
    lake = own_s3_lake(settings, minio, tmp_path)
    send(lake, lake.tweets_topic, tweets(range(20)))
    with fault_proxy(lake.s3_endpoint, every(1, Fault.FORGET_CONDITION, is_probe)) as proxy:
        forgetful = replace(lake, s3_endpoint=proxy.endpoint)
        stream = start_stream(forgetful, "--sources", "tweets", "--available-now")
        _, said = stream.communicate(timeout=300)
        assert stream.returncode == 0, said
        assert "does not honour `If-None-Match: *`" in said
        assert "this stream runs alone: compaction beside it is refused" in said
    assert_conserved(lake, "tweets", 20)


@pytest.mark.long
def test_on_a_store_that_ignores_conditions_compaction_is_refused(minio: Settings, tmp_path: Path) -> None:
    lake = replace(minio, warehouse=f"{minio.warehouse}/{tmp_path.name}")
    append(lake, "bronze.tweets", [tweet(0)])
    with fault_proxy(lake.s3_endpoint, every(1, Fault.FORGET_CONDITION, is_probe)) as proxy:
        compact = subprocess.run(
            [sys.executable, "-m", "batch", "compact"],
            env=replace(lake, s3_endpoint=proxy.endpoint).environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert compact.returncode == 1
    assert "nothing may write beside the stream until then" in compact.stderr
