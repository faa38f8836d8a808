"""Ad emissions, generated or given, into the landing zone, and from there into Kafka."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param, chain
from spark_tasks import TASK

with DAG(
    dag_id="emissions_ingest",
    description="CSV → landing zone → Kafka: ad emissions, generated or given",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(days=1),
    tags=["lakehouse", "ingest"],
    doc_md="""
    Generates emission rows with planted faults, or takes the CSV that the param `input` names; then the generator is
    skipped. The file lands in `landing/emissions/` of the warehouse and is sent to Kafka's topic of emissions.

    Every task is safe to run twice: the same rows and seed are the same file, a file lands once, and what the topic
    holds already is not sent again.
    """,
    params={
        "input": Param("", type="string", title="Input", description="A CSV instead: a URL of http(s), or a path."),
        "generate": Param(True, type="boolean", title="Generate", description="Generate rows when no input is given."),
        "rows": Param(1_000, type="integer", minimum=1, title="Rows", description="How many rows to generate."),
        "seed": Param(1, type="integer", minimum=0, title="Seed", description="The same seed makes the same rows."),
    },
    # Params reach the commands as variables only: what they hold is never read as a part of a command.
    default_args=TASK | {"append_env": True, "execution_timeout": timedelta(hours=4)},
) as dag:
    generate_data = BashOperator(
        task_id="generate_data",
        bash_command="""
            if [ -n "$INPUT" ] || [ "$GENERATE" != True ]; then
                echo "skipped: an input is given, or generate is off"
                exit 99
            fi
            python -m producers generate --rows "$ROWS" --seed "$SEED"
        """,
        skip_on_exit_code=99,
        env={
            "INPUT": "{{ params.input }}",
            "GENERATE": "{{ params.generate }}",
            "ROWS": "{{ params.rows }}",
            "SEED": "{{ params.seed }}",
        },
        doc_md="Writes a CSV into the home folder and hands on where it lies; skipped when an input is given.",
    )
    ingest_to_minio = BashOperator(
        task_id="ingest_to_minio",
        bash_command='printf %s "$ORIGIN" | python -m producers ingest emissions -',
        env={"ORIGIN": "{{ params.input or ti.xcom_pull(task_ids='generate_data') or '' }}"},
        # After a generator that was skipped, too.
        trigger_rule="none_failed",
        outlets=[Asset("landing.emissions")],
        doc_md="Lands the CSV in the store, MinIO or another, or a folder; reads it back, and hands on where it lies.",
    )
    produce = BashOperator(
        task_id="produce",
        bash_command='python -m producers emissions --input "$LANDED"',
        env={"LANDED": "{{ ti.xcom_pull(task_ids='ingest_to_minio') }}"},
        outlets=[Asset("kafka.emissions")],
        doc_md="Sends the rows that the topic does not hold yet, read from the landing zone.",
    )
    chain(generate_data, ingest_to_minio, produce)
