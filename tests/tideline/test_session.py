from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession

from tideline.session import spark_conf
from tideline.settings import Settings


def test_spark_takes_this_python_for_its_workers_and_leaves_the_environment_alone(spark: SparkSession) -> None:
    assert spark.sparkContext.pythonExec == sys.executable
    assert "PYSPARK_PYTHON" not in os.environ


def test_the_driver_listens_to_this_machine_only_unless_executors_elsewhere_must_reach_it() -> None:
    assert spark_conf(Settings(spark_master="local[2]"))["spark.driver.bindAddress"] == "127.0.0.1"
    elsewhere = spark_conf(Settings(spark_master="spark://master:7077"))
    assert {"spark.driver.bindAddress", "spark.driver.host"} & elsewhere.keys() == set()
