from __future__ import annotations

import os
import sys

from pyspark.sql import SparkSession


def test_spark_takes_this_python_for_its_workers_and_leaves_the_environment_alone(spark: SparkSession) -> None:
    assert spark.sparkContext.pythonExec == sys.executable
    assert "PYSPARK_PYTHON" not in os.environ
