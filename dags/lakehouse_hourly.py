"""Silver and gold, proven, validated, reconciled and published every hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, TaskGroup, chain
from spark_tasks import SPARK_TASK, TASK

with DAG(
    dag_id="lakehouse_hourly",
    description="Kafka = bronze → silver → gold, each validated before the next reads it → PostgreSQL",
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=55),
    tags=["lakehouse"],
    doc_md="""
    Proves that bronze has every record of Kafka once, brings silver to bronze's newest version and gold to silver's,
    compares the live counts with gold, and loads gold into PostgreSQL.

    Every task is safe to run twice: clear a failed task, or the whole run, at any time. A newer run makes up for one
    that failed: no backfill is needed. What stops a run is one sentence at the end of the task's log.

    * **audit** or a **critical validation** fails: nothing after it runs, and PostgreSQL keeps what it had.
    * **reconcile** fails: a live count is wrong and nothing explains it. Gold is not, so it is published all the same.
    * **publish** is skipped while `TIDELINE_POSTGRES_URL` is not set.

    Evidence is in `ops.audit`, `ops.validations` and `ops.drift`.
    """,
    default_args=TASK | {"execution_timeout": timedelta(minutes=20)},
) as dag:
    audit = BashOperator(
        task_id="audit",
        bash_command="python -m batch audit",
        outlets=[Asset("ops.audit")],
        doc_md="Kafka's offsets against bronze's, each once, read from the rows. What lies above bronze is lag.",
    )
    # Groups are how the graph reads; tasks keep the names that people know.
    with TaskGroup("silver", prefix_group_id=False, tooltip="Valid rows, once per event") as silver:
        clean_data = SparkSubmitOperator(
            task_id="clean_data",
            name="tideline clean",
            application_args=["clean"],
            outlets=[Asset("silver.tweets"), Asset("silver.emissions")],
            doc_md="Merges the bronze versions that silver has not seen: valid rows, once per event.",
            **SPARK_TASK,
        )
        validate_silver = SparkSubmitOperator(
            task_id="validate_silver",
            name="tideline validate silver",
            application_args=["validate_silver"],
            doc_md="Bronze and silver by themselves, and silver against bronze. A critical failure stops the run.",
            **SPARK_TASK,
        )
        chain(clean_data, validate_silver)
    with TaskGroup("gold", prefix_group_id=False, tooltip="The marts, computed from silver") as gold:
        process_business_logic = SparkSubmitOperator(
            task_id="process_business_logic",
            name="tideline gold",
            application_args=["gold"],
            outlets=[Asset("gold")],
            doc_md="Computes all marts from silver and replaces them; each commit names the bronze version behind it.",
            **SPARK_TASK,
        )
        validate_gold = SparkSubmitOperator(
            task_id="validate_gold",
            name="tideline validate gold",
            application_args=["validate_gold"],
            doc_md="Every mart by itself, and all of them against silver. A critical failure stops the run.",
            **SPARK_TASK,
        )
        chain(process_business_logic, validate_gold)
    with TaskGroup("hand_over", prefix_group_id=False, tooltip="Without a JVM: these tasks take seconds") as hand_over:
        reconcile = BashOperator(
            task_id="reconcile",
            bash_command="python -m batch reconcile",
            outlets=[Asset("ops.drift")],
            doc_md="Live counts against gold, at the bronze version behind it. Fails on what nothing explains.",
        )
        publish = BashOperator(
            task_id="publish",
            bash_command="python -m batch publish",
            skip_on_exit_code=99,
            outlets=[Asset("postgresql.gold")],
            doc_md="Loads gold into PostgreSQL in one transaction, changed days only; skipped where none is set.",
        )
    chain(audit, silver, gold, hand_over)
