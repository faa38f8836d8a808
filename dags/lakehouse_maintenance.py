"""The upkeep of the tables: small files are rewritten every night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG
from spark_tasks import SPARK_TASK

with DAG(
    dag_id="lakehouse_maintenance",
    description="OPTIMIZE of the tables in which small files have piled up",
    schedule="30 3 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    tags=["lakehouse", "maintenance"],
    doc_md="""
    Rewrites small files where they have piled up; no row changes. Safe beside the stream, and safe to run at any
    time; the pool keeps it apart from the hourly run.
    """,
    default_args=SPARK_TASK
    | {"retries": 2, "max_retry_delay": timedelta(minutes=15), "execution_timeout": timedelta(hours=1)},
) as dag:
    compact = SparkSubmitOperator(
        task_id="compact",
        name="tideline compact",
        application_args=["compact"],
        doc_md="OPTIMIZE of every table but the live ones that has many small files.",
    )
