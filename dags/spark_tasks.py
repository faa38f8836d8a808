"""What the tasks of the DAGs share. The connection alone decides where Spark runs: here, or on a cluster."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

TASK: Final[dict[str, Any]] = {
    "owner": "tideline",
    "retries": 1,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
}
"""``default_args`` of every task; values of its own come after: ``TASK | {...}``."""

SPARK_TASK: Final[dict[str, Any]] = TASK | {
    "conn_id": "spark_default",
    # One slot: the machine has room for one Spark beside the stream.
    "pool": "spark",
    "application": str(Path(__file__).resolve().parent.parent / "batch" / "__main__.py"),
    "properties_file": "{{ var.value.spark_properties }}",
    "execution_timeout": timedelta(minutes=20),
}
"""``default_args`` of a DAG of Spark tasks; one that needs other values says so with ``SPARK_TASK | {...}``."""

LONG_SPARK_TASK: Final[dict[str, Any]] = SPARK_TASK | {
    # What compiles code that runs per row: the properties leave it out, for tasks that end before it pays.
    "conf": {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=4"},
    "execution_timeout": timedelta(hours=2),
}
"""The same for tasks that read whole tables, however large."""
