"""Our own batch steps as contenders: one Spark application each, configured as Airflow submits it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from tideline.airflow_home import submitted_conf
from tideline.session import BOTH_COMPILERS, build_session
from tideline.settings import Settings, load_settings

NOTE = "the batch step, configured as Airflow submits it"


def lake_in(folder: Path) -> Settings:
    """The settings of this process, with the lake in another folder."""
    return replace(load_settings(), warehouse=str(folder), checkpoints="")


def start(lake: Settings, step: str) -> SparkSession:
    """The session of a step."""
    own = {"spark.driver.extraJavaOptions": BOTH_COMPILERS} if step == "compact" else {}
    return build_session(lake, f"tideline {step}", submitted_conf(lake) | own)
