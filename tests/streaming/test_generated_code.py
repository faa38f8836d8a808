"""The code that Spark generates for bronze: the JVM interprets methods that are too long, at twice the cost of all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from streaming.emissions import emissions_to_bronze
from streaming.tweets import tweets_to_bronze
from tests.streaming.builders import kafka_frame

LONGEST_COMPILED = 8_000
"""Bytes of a method beyond which HotSpot does not compile it (its option ``DontCompileHugeMethods``)."""


@pytest.mark.parametrize("transform", [tweets_to_bronze, emissions_to_bronze])
def test_no_generated_method_is_too_long_to_be_compiled(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], transform: Callable[[DataFrame], DataFrame]
) -> None:
    transform(kafka_frame(spark, [b"{}"])).explain("codegen")
    sizes = [int(size) for size in re.findall(r"maxMethodCodeSize:(\d+)", capsys.readouterr().out)]
    assert sizes
    assert max(sizes) <= LONGEST_COMPILED
