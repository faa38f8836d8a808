import json
from importlib.metadata import version
from pathlib import Path

from tideline.airflow_home import airflow_environment, initialise_airflow, render_properties, spark_properties
from tideline.airflow_run import TaskEvent, task_events
from tideline.session import FIRST_COMPILER
from tideline.settings import Settings


def log_line(event: str, **fields: str) -> str:
    return json.dumps({"event": event} | fields) + "\n"


def test_a_log_gives_each_tasks_begin_and_end_and_the_error_of_the_task_that_said_it() -> None:
    lines = [
        "a warning that is no JSON\n",
        "12\n",
        log_line("[DAG TEST] starting task_id=clean map_index=-1"),
        log_line("error: silver is odd"),
        log_line("Task instance state updated", new_state="up_for_retry"),
        log_line("[DAG TEST] starting task_id=clean map_index=-1"),
        log_line("Task instance state updated", new_state="success"),
        log_line("[DAG TEST] starting task_id=publish map_index=-1"),
        log_line("skipped: nothing is set"),
        log_line("Task instance state updated", new_state="skipped"),
    ]
    assert list(task_events(lines)) == [
        TaskEvent("clean", "running"),
        TaskEvent("clean", "up_for_retry", "silver is odd"),
        TaskEvent("clean", "running"),
        TaskEvent("clean", "success"),
        TaskEvent("publish", "running"),
        TaskEvent("publish", "skipped", "nothing is set"),
    ]


def test_the_environment_holds_no_secret_and_listens_nowhere_but_here(tmp_path: Path) -> None:
    environment = airflow_environment(Settings(home=tmp_path))
    secret = [name for name, value in environment.items() if name.endswith(("_KEY", "_SECRET")) and value]
    assert secret == []
    assert environment["AIRFLOW__CORE__FERNET_KEY_CMD"] == f"cat {tmp_path}/airflow/fernet-key"
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_the_environment_carries_the_settings_and_the_master_in_the_connection(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, spark_master="spark://elsewhere:7077")
    environment = airflow_environment(settings)
    assert Settings.from_mapping(environment) == settings
    connection = {"conn_type": "spark", "host": "spark://elsewhere:7077"}
    assert json.loads(environment["AIRFLOW_CONN_SPARK_DEFAULT"]) == connection


def test_properties_escape_the_backslash() -> None:
    assert render_properties({"a": "b\\c", "d": "e f"}) == "a=b\\\\c\nd=e f\n"


def test_what_is_initialised_stays_and_costs_nothing_but_sparks_properties_are_those_of_now(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    home = tmp_path / "airflow"
    home.mkdir()
    (home / "fernet-key").write_text("kept")
    (home / "initialised").write_text(version("apache-airflow"))
    initialise_airflow(settings)
    assert (home / "fernet-key").read_text() == "kept"
    assert (home / "jwt-secret").stat().st_mode & 0o777 == 0o600
    assert not (home / "airflow.db").exists()
    properties = spark_properties(settings).read_text()
    assert "spark.driver.memory=2g\n" in properties
    assert "spark.master" not in properties
    # What an application adds under this name wins over ours.
    assert "spark.driver.extraJavaOptions" not in properties
    assert f"{FIRST_COMPILER}\n" in properties
