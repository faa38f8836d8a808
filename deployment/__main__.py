"""``python -m deployment STEP``: the steps by which `docker compose up` makes itself ready."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from dataclasses import replace

from deployment import secrets
from tideline.errors import TidelineError
from tideline.settings import Settings, load_settings

POSTGRES = "postgresql://postgres@postgres/postgres"

ROLES = {"stream": ("stream",), "maintenance": ("airflow", "worker"), "reader": ("reader",), "ingest": ()}
"""Which services' folders get the keys of which role in the store; Airflow's ingest does with those of maintenance."""


def make_secrets(_: Settings) -> None:
    """Random secrets for every service that has one, where they are missing."""
    made = secrets.make_secrets()
    _say(f"{len(made)} secrets were made" if made else "all secrets were there")


def prepare(settings: Settings) -> None:
    """The store's bucket and users, Kafka's topics, PostgreSQL's databases, where they are missing."""
    from deployment.databases import let_read, make_databases
    from tideline.private_file import read_private
    from tideline.s3_roles import bootstrap
    from tideline.s3_settings import ROOT_PASSWORD, ROOT_USER
    from tideline.topics import create_topics

    root = read_private(secrets.minio_root())
    as_root = replace(settings, s3_access_key=root[ROOT_USER], s3_secret_key=root[ROOT_PASSWORD])
    users = bootstrap(as_root, secrets.ROOT / "roles")
    for keys in users:
        for service in ROLES[keys.role]:
            secrets.write_credentials(secrets.ROOT / service, keys.access_key, keys.secret_key)
    _say(f"users of the store: {', '.join(keys.role for keys in users)}")
    _say(f"topics made: {', '.join(create_topics(settings)) or 'none, they were there'}")
    lines = secrets.passwords().read_text().splitlines()
    owners = {user: password for *_, user, password in (line.split(":") for line in lines)}
    of_metabase = secrets.metabase_secrets()
    superuser = secrets.postgres_password().read_text()
    made = make_databases(POSTGRES, superuser, owners | {"metabase": of_metabase["metabase"]})
    let_read(POSTGRES, superuser, secrets.READER, of_metabase[secrets.READER], "lake")
    _say(f"databases made: {', '.join(made) or 'none, they were there'}")


def spark_properties(settings: Settings) -> None:
    """The Spark configuration of the applications that Airflow submits."""
    from tideline.airflow_home import write_spark_properties

    write_spark_properties(settings)


def first_run(_: Settings) -> None:
    """The first run of the hourly DAG, where there was none."""
    from deployment.first_run import DAG, trigger_first_run

    _say(f"{DAG} is queued" if trigger_first_run() else f"{DAG} had its first run")


STEPS: dict[str, Callable[[Settings], None]] = {
    "secrets": make_secrets,
    "prepare": prepare,
    "spark_properties": spark_properties,
    "first_run": first_run,
}


def main() -> int:
    """Run a step; 0, or 1 with one sentence."""
    parser = argparse.ArgumentParser(prog="python -m deployment", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    step = parser.parse_args().step
    # Kafka's client logs each retry; what a user has to know comes as an error.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        STEPS[step](load_settings())
    except TidelineError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
