"""Tweets from a URL into the landing zone, and from there into Kafka."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param, chain
from spark_tasks import TASK

with DAG(
    dag_id="tweets_ingest",
    description="URL → landing zone → Kafka: a TSV of tweets, verified and sent once",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(days=7),
    tags=["lakehouse", "ingest"],
    doc_md="""
    Trigger it with the URL of a TSV. The file lands in `landing/tweets/` of the warehouse, in a folder that is named by
    its SHA-256, and is replayed into Kafka's topic of tweets, where the stream finds it.

    Every task goes on where it was ended: the download with the bytes that are here, the replay with the first line
    that the topic does not hold. Clear a failed task, or trigger the whole run again, at any time. Airflow keeps
    params and shows them: give no URL that holds a password.
    """,
    params={
        "url": Param(
            "", type="string", title="URL", description="The TSV, plain or gzip: a URL of http(s), or a path."
        ),
        "sha256": Param(
            "",
            type="string",
            pattern="^([0-9a-fA-F]{64})?$",
            title="SHA-256",
            description="What the file's bytes must have. With it, a file that has landed is not downloaded again.",
        ),
        "rate": Param(
            "",
            type="string",
            pattern="^([0-9.]+(/s)?)?$",
            title="Rate",
            description="Records per second, such as 500/s; as fast as it goes when empty.",
        ),
        "limit": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Limit",
            description="Send at most so many records; the next run goes on from there.",
        ),
    },
    # Params reach the commands as variables only: what they hold is never read as a part of a command.
    default_args=TASK | {"retries": 2, "append_env": True},
) as dag:
    download = BashOperator(
        task_id="download",
        bash_command='printf %s "$URL" | python -m producers ingest tweets - ${SHA256:+--sha256 "$SHA256"}',
        env={"URL": "{{ params.url }}", "SHA256": "{{ params.sha256 }}"},
        outlets=[Asset("landing.tweets")],
        execution_timeout=timedelta(hours=12),
        doc_md="Downloads the file with aria2c, lands it whole, reads it back, and hands on where it lies.",
    )
    replay = BashOperator(
        task_id="replay",
        bash_command='python -m producers tweets --input "$LANDED" ${RATE:+--rate "$RATE"} ${LIMIT:+--limit "$LIMIT"}',
        env={
            "LANDED": "{{ ti.xcom_pull(task_ids='download') }}",
            "RATE": "{{ params.rate }}",
            "LIMIT": "{{ params.limit or '' }}",
        },
        outlets=[Asset("kafka.tweets")],
        execution_timeout=timedelta(days=2),
        doc_md="Sends what the topic does not hold yet, read from the landing zone.",
    )
    chain(download, replay)
