"""The embedded Airflow: its home under Tideline's, the environment that makes it ours, and its database.

Its web interface, where somebody starts it, listens on 127.0.0.1 only; its secrets lie in files that only their owner
reads.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from tideline.errors import ServiceError
from tideline.s3 import credential_variables
from tideline.session import FIRST_COMPILER, spark_conf
from tideline.settings import Settings

DAGS = Path(__file__).resolve().parent.parent / "dags"

POOL = "spark"
"""One Spark application at a time: the machine holds one beside the stream."""

USER = "admin"
"""The one user of the web interface."""

_COMMANDS = """\
import gc, json, sys
gc.disable()
from airflow.__main__ import main
for command in json.loads(sys.argv[1]):
    sys.argv = ["airflow", *command]
    main()
"""

_SECRETS = {"CORE__FERNET_KEY": "fernet-key", "API_AUTH__JWT_SECRET": "jwt-secret", "API__SECRET_KEY": "api-secret"}


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The variables, beside those of the process, under which ``airflow`` is the embedded one.

    The connection names the Spark master and the variable ``spark_properties`` the rest of Spark's configuration, so
    that another master is a change of the connection only.
    """
    home = _home(settings)
    own = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "2",
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__LOAD_EXAMPLES": "False",
        # A writer waits for another one instead of failing at once.
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=60",
        "LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        # One JSON object per line: progress and errors are read from fields, not cut out of text.
        "LOGGING__JSON_LOGS": "True",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(settings.airflow_port),
        "API__BASE_URL": f"http://127.0.0.1:{settings.airflow_port}",
        "API__INSTANCE_NAME": "Tideline",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{settings.airflow_port}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(password_file(settings)),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
        # Airflow runs these commands itself: no secret stands in an environment that Spark inherits.
        **{f"{name}_CMD": f"cat {shlex.quote(str(home / file))}" for name, file in _SECRETS.items()},
    }
    # The JVMs that spark-submit starts inherit the store's credentials from here.
    return (
        settings.variables()
        | credential_variables(settings)
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": settings.spark_master}),
            "AIRFLOW_VAR_SPARK_PROPERTIES": str(spark_properties(settings)),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYSPARK_PYTHON": sys.executable,
            **{f"AIRFLOW__{name}": value for name, value in own.items()},
        }
    )


def spark_properties(settings: Settings) -> Path:
    """The file with the Spark configuration of submitted applications; not the master, which the connection names."""
    return settings.home / "spark-conf" / "spark-defaults.conf"


def submitted_conf(settings: Settings) -> dict[str, str]:
    """Spark's configuration of submitted applications; see ``spark_properties``.

    ``spark.driver.extraJavaOptions`` is left to each application: it comes after these and wins.
    """
    conf = spark_conf(settings)
    del conf["spark.master"]
    conf["spark.driver.defaultJavaOptions"] = f"{conf.pop('spark.driver.extraJavaOptions')} {FIRST_COMPILER}"
    return conf


def airflow_process(*commands: Sequence[str]) -> list[str]:
    """The command line of a process that runs Airflow's commands one after the other, until one fails.

    The garbage collector rests: looking at what Airflow's imports make takes a quarter of a short process's time. The
    process ends with its commands, and what a task runs is a process of its own.
    """
    return [sys.executable, "-c", _COMMANDS, json.dumps(commands)]


def initialise_airflow(settings: Settings) -> None:
    """Make Airflow's home: secrets, Spark's properties, database and pool; what is there for this version stays.

    Raises:
        ServiceError: Airflow cannot make its database; what it said is in the message.
    """
    home = _home(settings)
    home.mkdir(parents=True, exist_ok=True)
    for file in _SECRETS.values():
        _create_secret(home / file)
    write_spark_properties(settings)
    stamp = home / "initialised"
    made_of = version("apache-airflow")
    if stamp.is_file() and stamp.read_text() == made_of:
        return
    _airflow(settings, ["db", "migrate"], ["pools", "set", POOL, "1", "one Spark application at a time"])
    stamp.write_text(made_of)


def password_file(settings: Settings) -> Path:
    """The file from which Airflow reads the password of ``USER``."""
    return _home(settings) / "passwords.json"


def airflow_password(settings: Settings) -> tuple[str, bool]:
    """The password of ``USER``, and whether it was made just now; only its owner reads the file."""
    path = password_file(settings)
    is_new = not path.exists()
    if is_new:
        _create_private(path, json.dumps({USER: secrets.token_urlsafe(18)}).encode())
    return json.loads(path.read_text())[USER], is_new


def render_properties(conf: Mapping[str, str]) -> str:
    r"""Spark's configuration as the text of a properties file.

    >>> render_properties({"spark.driver.memory": "1g"})
    'spark.driver.memory=1g\n'
    """
    escaped = {key: value.replace("\\", "\\\\") for key, value in conf.items()}
    return "".join(f"{key}={value}\n" for key, value in escaped.items())


def _home(settings: Settings) -> Path:
    return settings.home / "airflow"


def write_spark_properties(settings: Settings) -> None:
    """Write the file of ``spark_properties``, as the settings are now."""
    path = spark_properties(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_properties(submitted_conf(settings)))


def _create_secret(path: Path) -> None:
    if not path.exists():
        # 32 bytes in URL-safe base64: the form of a Fernet key, and as good as any for the others.
        _create_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)))


def _create_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _airflow(settings: Settings, *commands: Sequence[str]) -> None:
    environment = dict(os.environ) | airflow_environment(settings)
    done = subprocess.run(
        airflow_process(*commands),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        asked = " and ".join(f"airflow {' '.join(command)}" for command in commands)
        msg = f"{asked} failed in {_home(settings)}, exit code {done.returncode}: {done.stdout[-1500:]}"
        raise ServiceError(msg)
