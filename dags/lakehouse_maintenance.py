"""The upkeep of the tables, every night: few files, no files and commits that nobody needs, bounded evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, TaskGroup, chain
from spark_tasks import LONG_SPARK_TASK, TASK

with DAG(
    dag_id="lakehouse_maintenance",
    description="Compaction, then the deletion of what nobody needs any more: rows, files, commits",
    schedule="30 3 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    tags=["lakehouse", "maintenance"],
    doc_md="""
    Rewrites small files where they have piled up, and deletes what was kept long enough. No row of a table changes, but
    those of `ops` go after `TIDELINE_OPS_DAYS` days. Files and commits stay for `TIDELINE_RETENTION_DAYS` days, and
    longer where a live query or silver has still to read them: each task's log says which.

    Safe beside the stream and safe to run at any time, also twice; the pool keeps the compaction apart from the hourly
    run. Live tables are compacted by the stream itself.
    """,
    default_args=TASK | {"retries": 2, "max_retry_delay": timedelta(minutes=15)},
) as dag:
    compact = SparkSubmitOperator(
        task_id="compact",
        name="tideline compact",
        application_args=["compact"],
        doc_md="OPTIMIZE of every table but the live ones that has many small files.",
        **LONG_SPARK_TASK | {"execution_timeout": timedelta(hours=1)},
    )
    with TaskGroup("delete_what_is_old", tooltip="Without a JVM: these tasks take seconds") as delete:
        trim = BashOperator(
            task_id="trim",
            bash_command="python -m batch trim",
            execution_timeout=timedelta(minutes=20),
            doc_md="Deletes rows of `ops` tables that are older than `TIDELINE_OPS_DAYS`.",
        )
        vacuum = BashOperator(
            task_id="vacuum",
            bash_command="python -m batch vacuum",
            execution_timeout=timedelta(hours=1),
            doc_md="Deletes files that no version within the retention names; what a slow reader needs stays.",
        )
        clean_logs = BashOperator(
            task_id="clean_logs",
            bash_command="python -m batch clean_logs",
            execution_timeout=timedelta(minutes=20),
            doc_md="""
            Deletes old commits of bronze and live tables, never past the slowest live query and what silver has read.
            """,
        )
        chain(trim, vacuum, clean_logs)
    chain(compact, delete)
