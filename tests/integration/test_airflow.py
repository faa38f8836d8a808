"""The DAGs in a real Airflow: loaded, run with spark-submit, failing with the task's own sentence. More by the demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from batch.clean import clean
from tests.batch.builders import append, tweet
from tests.integration.damage import lose
from tests.integration.recount import assert_live_counts, read
from tests.integration.test_batch import assert_silver
from tideline.airflow_home import DAGS, airflow_environment
from tideline.airflow_run import TaskEvent, run_dag
from tideline.errors import ServiceError
from tideline.lake import table_path
from tideline.session import BOTH_COMPILERS
from tideline.settings import Settings

pytestmark = pytest.mark.integration

HOURLY = [
    *("audit", "clean_data", "validate_silver", "process_business_logic", "validate_gold"),
    *("reconcile", "publish"),
]

DESCRIBE = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
bag = BundleDagBag(dag_folder=sys.argv[1], bundle_path=Path(sys.argv[1]), bundle_name="dags-folder")
print(json.dumps({"errors": bag.import_errors, "dags": {i: {
    "order": [t.task_id for t in d.topological_sort()],
    "after": {t.task_id: sorted(t.upstream_task_ids) for t in d.tasks},
    "rules": sorted({t.trigger_rule.value for t in d.tasks}), "doc": bool(d.doc_md), "tags": sorted(d.tags),
    "active": d.max_active_runs, "catchup": d.catchup, "schedule": str(getattr(d.schedule, "summary", d.schedule)),
    "tasks": [{"doc": bool(t.doc_md), "owner": t.owner, "pool": t.pool, "retries": t.retries,
               "backoff": bool(t.retry_exponential_backoff), "timeout": t.execution_timeout.total_seconds(),
               "conn": getattr(t, "_conn_id", None), "application": getattr(t, "application", None),
               "conf": getattr(t, "conf", None)} for t in d.tasks],
    "params": [bool(p.description) for p in map(d.params.get_param, d.params)],
} for i, d in bag.dags.items()}}))
"""


@pytest.fixture(scope="module")
def airflow(airflow_home: Path) -> Settings:
    """An initialised Airflow beside an empty lake."""
    return Settings(home=airflow_home, spark_master="local[2]", driver_memory="1g")


def test_the_dags_load_and_name_everything_that_an_operator_wants_to_know(airflow: Settings) -> None:
    described = run_python(airflow, DESCRIBE, str(DAGS))
    assert described["errors"] == {}
    dags = described["dags"]
    assert {name: dag["order"] for name, dag in dags.items()} == {
        "emissions_ingest": ["generate_data", "ingest_to_minio", "produce"],
        "lakehouse_hourly": HOURLY,
        "lakehouse_maintenance": [
            "compact",
            *(f"delete_what_is_old.{job}" for job in ("trim", "vacuum", "clean_logs")),
        ],
        "lakehouse_rebuild": ["rebuild_silver_and_gold", "rebuild_live"],
        "tweets_ingest": ["download", "replay"],
    }
    assert {name: dag["schedule"] for name, dag in dags.items()} == {
        "emissions_ingest": "None",
        "lakehouse_hourly": "@hourly",
        "lakehouse_maintenance": "30 3 * * *",
        "lakehouse_rebuild": "0 0 * * *",
        "tweets_ingest": "None",
    }
    # A failure stops what comes after it; neither of the last two waits for the other.
    assert dags["lakehouse_hourly"]["after"] == {
        "audit": [],
        "clean_data": ["audit"],
        "validate_silver": ["clean_data"],
        "process_business_logic": ["validate_silver"],
        "validate_gold": ["process_business_logic"],
        "reconcile": ["validate_gold"],
        "publish": ["validate_gold"],
    }
    assert dags["lakehouse_hourly"]["rules"] == ["all_success"]
    for dag in dags.values():
        assert (dag["doc"], dag["active"], dag["catchup"]) == (True, 1, False)
        assert "lakehouse" in dag["tags"]
        assert all(dag["params"])
        for task in dag["tasks"]:
            assert (task["doc"], task["owner"], task["backoff"]) == (True, "tideline", True)
            assert task["retries"] >= 1
            assert task["timeout"] > 0
            if task["application"]:
                assert (task["conn"], task["pool"]) == ("spark_default", "spark")
                assert Path(task["application"]).is_file()
    confs = {name: {str(t["conf"]) for t in dag["tasks"] if t["application"]} for name, dag in dags.items()}
    both = {str({"spark.driver.extraJavaOptions": BOTH_COMPILERS})}
    assert (confs["lakehouse_maintenance"], confs["lakehouse_rebuild"], confs["lakehouse_hourly"]) == (
        both,
        both,
        {"None"},
    )


@pytest.mark.long
def test_airflow_without_bronze_fails_in_audit_with_audits_own_sentence(airflow: Settings) -> None:
    events: list[TaskEvent] = []
    no_bronze = f"no bronze table found under {airflow.warehouse}/bronze; `tideline stream` creates them"
    with pytest.raises(ServiceError) as failure:
        run_dag(airflow, "lakehouse_hourly", events.append)
    log = airflow.home / "logs" / "airflow-lakehouse_hourly.log"
    assert str(failure.value) == f"DAG lakehouse_hourly failed in audit: {no_bronze} (the whole log: {log})"
    assert {event.task_id for event in events} == {"audit"}
    assert [event.state for event in events] == ["running", "up_for_retry", "running", "failed"]


@pytest.mark.long
def test_the_maintenance_dag_compacts(airflow: Settings, spark: SparkSession) -> None:
    for offset in range(10, 20):
        append(airflow, "bronze.tweets", [tweet(offset)])
    run_dag(airflow, "lakehouse_maintenance", lambda _: None)
    assert len(spark.read.format("delta").load(table_path(airflow, "bronze.tweets")).inputFiles()) == 1


@pytest.mark.long
def test_the_rebuild_dag_mends_silver_live_and_gold(airflow: Settings, spark: SparkSession) -> None:
    append(airflow, "bronze.tweets", [tweet(100), tweet(101)])
    clean(spark, airflow)
    lose(airflow, "silver.tweets", "event_id = 'event-100'")
    wanted = {"from": "2020-03-01", "tables": ["silver.tweets", "live", "gold.tweet_metrics"], "dry_run": False}
    run_dag(airflow, "lakehouse_rebuild", lambda _: None, wanted)
    assert_silver(airflow, "tweets")
    assert_live_counts(airflow, "tweets")
    rebuilt = read(airflow, "ops.rebuilds")
    assert rebuilt[rebuilt.table == "silver.tweets"].missing.tolist() == [1]
    hours = read(airflow, "gold.tweet_metrics")
    assert hours.tweets_per_day.tolist() == [len(read(airflow, "silver.tweets"))]


def run_python(settings: Settings, code: str, *arguments: str) -> Any:
    """What a program prints as its last line, as JSON, in Airflow's environment."""
    environment = os.environ | airflow_environment(settings)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
