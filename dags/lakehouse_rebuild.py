"""Days of silver, live and gold tables, compared with bronze and rebuilt where they differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset, Param
from airflow.timetables.interval import CronDataIntervalTimetable
from spark_tasks import LONG_SPARK_TASK

ORDER = [
    "rebuild",
    "--from={{ params['from'] or data_interval_start or '' }}",
    "--to={{ params['to'] or params['from'] or data_interval_start or '' }}",
    "--tables={{ params['tables'] | join(',') }}",
    "{{ '--dry-run' if params['dry_run'] else '--no-dry-run' }}",
]

with DAG(
    dag_id="lakehouse_rebuild",
    description="Bronze → days of silver, live and gold: shows what differs, and mends it when told to",
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=True,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    tags=["lakehouse", "maintenance"],
    doc_md="""
    Computes the chosen days anew from bronze and compares them with what stands: rows missing, extra, different, per
    table and day, in each task's log. With `dry_run` off, what differs is replaced, and what was found is kept in
    `ops.rebuilds`. A second run finds nothing.

    Silver's days are replaced in one commit. Gold is computed as a whole. Live tables are computed as wholes, too: by
    the stream that runs, which is asked to and goes on counting, or by the task where none runs. Readers see the old
    rows until the new ones are there.

    Without `from` a run takes the day of its data interval, so that many days are rebuilt by
    `tideline airflow backfill create --dag-id lakehouse_rebuild --from-date 2024-03-01 --to-date 2024-03-31
    --dag-run-conf '{"dry_run": false}'`. The DAG is paused when it is new: unpause it for a backfill, or for a look at
    every day.
    """,
    params={
        "from": Param(
            None,
            type=["null", "string"],
            format="date",
            title="From",
            description="The first day, such as 2024-03-31; left out: the day of the run's data interval.",
        ),
        "to": Param(
            None,
            type=["null", "string"],
            format="date",
            title="To",
            description="The last day; left out: the first.",
        ),
        "tables": Param(
            ["silver", "live", "gold"],
            type="array",
            items={"type": "string"},
            title="Tables",
            description="Layers, or tables such as silver.tweets.",
        ),
        "dry_run": Param(
            True,
            type="boolean",
            title="Dry run",
            description="Show what differs and change nothing.",
        ),
    },
    default_args=LONG_SPARK_TASK | {"application_args": ORDER},
) as dag:
    rebuild_silver_and_gold = SparkSubmitOperator(
        task_id="rebuild_silver_and_gold",
        name="tideline rebuild",
        outlets=[Asset("silver.tweets"), Asset("silver.emissions"), Asset("gold"), Asset("ops.rebuilds")],
        doc_md="Compares silver with bronze and gold with the mended silver; replaces what differs.",
    )
    rebuild_live = SparkSubmitOperator(
        task_id="rebuild_live",
        name="tideline rebuild live",
        application=str(Path(__file__).resolve().parent.parent / "streaming" / "__main__.py"),
        outlets=[Asset("live"), Asset("ops.rebuilds")],
        doc_md="""
        Compares the live tables with the bronze version that they have counted. Those that differ are rebuilt by the
        running stream, within seconds of the request, or here where no stream holds the lease.
        """,
    )
