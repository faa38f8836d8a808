"""Silver and gold, brought up to date and validated every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, chain
from spark_tasks import SPARK_TASK

with DAG(
    dag_id="lakehouse_hourly",
    description="bronze → silver → gold, each validated before the next reads it",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=55),
    tags=["lakehouse"],
    doc_md="""
    Brings silver to bronze's newest version and gold to silver's.

    Every task is a Spark application that is safe to run twice: clear a failed task, or the whole run, at any time.
    A failed validation stops the run with one sentence that names table and expectation; all outcomes are in
    `ops.validations`. A newer run makes up for one that failed: no backfill is needed.
    """,
    default_args=SPARK_TASK,
) as dag:
    clean = SparkSubmitOperator(
        task_id="clean",
        name="tideline clean",
        application_args=["clean"],
        doc_md="Merges the bronze versions that silver has not seen: valid rows, once per event.",
    )
    validate_silver = SparkSubmitOperator(
        task_id="validate_silver",
        name="tideline validate silver",
        application_args=["validate_silver"],
        doc_md="Bronze and silver by themselves, and silver against bronze. A critical failure stops the run.",
    )
    gold = SparkSubmitOperator(
        task_id="gold",
        name="tideline gold",
        application_args=["gold"],
        doc_md="Computes all marts from silver and replaces them.",
    )
    validate_gold = SparkSubmitOperator(
        task_id="validate_gold",
        name="tideline validate gold",
        application_args=["validate_gold"],
        doc_md="Every mart by itself, and all of them against silver.",
    )
    chain(clean, validate_silver, gold, validate_gold)
