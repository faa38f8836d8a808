"""The ingest DAGs, as Airflow runs them: to the landing zone and on to Kafka."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from producers.emission_rows import SyntheticEmissions
from producers.synthetic import SyntheticTweets
from tests.integration.ingested import sha256
from tests.integration.producing import make_topic, record_count
from tests.integration.web import Web
from tideline.airflow_run import TaskEvent, run_dag
from tideline.errors import ServiceError
from tideline.landing import landed_files, landing_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration


def test_the_tweets_dag_downloads_lands_and_replays(
    airflow_home: Path, settings: Settings, tmp_path: Path, web: Web
) -> None:
    lines = gzip.compress(b"".join(SyntheticTweets(2_000, seed=3).chunks()))
    web.files = {"/t.tsv.gz": lines}
    lake = lake_of(airflow_home, settings, tmp_path)
    run_dag(lake, "tweets_ingest", lambda _: None, {"url": web.url("/t.tsv.gz"), "limit": 1_500, "rate": "5000/s"})
    assert landed_files(lake, "tweets") == [landing_path(lake, "tweets", sha256(lines), "t.tsv.gz")]
    assert record_count(settings, lake.tweets_topic) == 1_500


@pytest.mark.long
def test_the_emissions_dag_generates_lands_in_minio_and_produces(
    airflow_home: Path, settings: Settings, tmp_path: Path, minio: Settings
) -> None:
    lake = replace(
        lake_of(airflow_home, settings, tmp_path),
        warehouse=f"{minio.warehouse}/emissions-dag",
        s3_endpoint=minio.s3_endpoint,
        s3_access_key=minio.s3_access_key,
        s3_secret_key=minio.s3_secret_key,
    )
    events: list[TaskEvent] = []
    run_dag(lake, "emissions_ingest", events.append, {"rows": 300, "seed": 4})
    assert states(events) == {"generate_data": "success", "ingest_to_minio": "success", "produce": "success"}
    rows = b"".join(SyntheticEmissions(300, seed=4).chunks())
    path = landing_path(lake, "emissions", sha256(rows), "emissions-300-seed-4.csv")
    assert landed_files(lake, "emissions") == [path]
    assert record_count(settings, lake.emissions_topic) == 300
    assert minio.s3_secret_key not in (lake.home / "logs" / "airflow-emissions_ingest.log").read_text()


@pytest.mark.long
def test_a_given_file_skips_the_generator_and_its_name_is_never_a_command(
    airflow_home: Path, settings: Settings, tmp_path: Path
) -> None:
    lake = lake_of(airflow_home, settings, tmp_path / "lake")
    given = tmp_path / "given"
    given.mkdir()
    path = given / "a\"; $(exit 99) `kill $$` '; kill $$; exit 99; '.csv"
    path.write_bytes(b"".join(SyntheticEmissions(50, seed=9).chunks()))
    events: list[TaskEvent] = []
    run_dag(lake, "emissions_ingest", events.append, {"input": str(path)})
    assert states(events) == {"generate_data": "skipped", "ingest_to_minio": "success", "produce": "success"}
    assert record_count(settings, lake.emissions_topic) == 50


def test_an_ingest_dag_that_fails_names_the_cause(airflow_home: Path, settings: Settings, tmp_path: Path) -> None:
    lake = lake_of(airflow_home, settings, tmp_path)
    events: list[TaskEvent] = []
    with pytest.raises(ServiceError) as caught:
        run_dag(lake, "emissions_ingest", events.append, {"generate": False})
    assert str(caught.value).startswith(
        "DAG emissions_ingest failed in ingest_to_minio: there is nothing to ingest: name a file or a URL, such as "
    )
    assert states(events) == {"generate_data": "skipped", "ingest_to_minio": "failed"}


def lake_of(airflow_home: Path, settings: Settings, warehouse: Path) -> Settings:
    """A lake of one's own, with the shared Airflow and Kafka, and topics of its own."""
    return replace(
        settings,
        home=airflow_home,
        warehouse=str(warehouse),
        checkpoints="",
        tweets_topic=make_topic(settings),
        emissions_topic=make_topic(settings),
    )


def states(events: list[TaskEvent]) -> dict[str, str]:
    """The last state of each task."""
    return {event.task_id: event.state for event in events}
