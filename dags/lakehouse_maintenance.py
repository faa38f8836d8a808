"""The upkeep of the tables: small files are rewritten every night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG

APPLICATION = Path(__file__).resolve().parent.parent / "batch" / "__main__.py"

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
    default_args={
        "owner": "tideline",
        "conn_id": "spark_default",
        "pool": "spark",
        "application": str(APPLICATION),
        "properties_file": "{{ var.value.spark_properties }}",
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=1),
    },
) as dag:
    compact = SparkSubmitOperator(
        task_id="compact",
        name="tideline compact",
        application_args=["compact"],
        doc_md="OPTIMIZE of every table but the live ones that has many small files.",
    )
