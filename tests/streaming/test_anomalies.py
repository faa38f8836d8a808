"""Row flags on literal rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from streaming import anomalies
from tideline.schemas import TABLES
from tideline.tables import declared_type

DAY = date(2026, 1, 1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(spark: SparkSession, *values: tuple[str, str, str, str]) -> DataFrame:
    """Valid bronze rows of these (adSelection, creative, media, total), as distinct events in offset order."""
    return spark.createDataFrame(
        [_row(n, *map(Decimal, value)) for n, value in enumerate(values)], declared_type(TABLES["bronze.emissions"])
    )


def _row(offset: int, *numbers: Decimal, domain: str = "a.org") -> dict[str, Any]:
    names = (
        "adSelectionEmissions",
        "creativeDistributionEmissions",
        "mediaDistributionEmissions",
        "totalEmissions",
    )
    return dict.fromkeys(TABLES["bronze.emissions"].column_names) | {
        "topic": "emissions",
        "partition": 0,
        "offset": offset,
        "kafka_timestamp": START + timedelta(seconds=offset),
        "event_id": f"e{offset}",
        "date": DAY,
        "domain": domain,
        "reasons": [],
        **dict(zip(names, numbers, strict=True)),
    }


FLAGS_OF_NUMBERS = {
    ("1", "2", "3", "6"): [],
    ("1", "2", "3", "6.05"): [],
    ("1", "2", "3", "5.90"): [("components differ from the total", 0.016949, 0.01, 6.0)],
    ("0.01", "0.01", "0.01", "0"): [("components differ from the total", 1.0, 0.01, 0.03)],
    ("0", "0", "0", "0"): [],
    ("-1", "2", "3", "4"): [("negative value", 1.0, 0.0, 0.0)],
    ("-1", "0", "0", "-1"): [("negative value", 1.0, 0.0, 0.0)],
    ("-1", "2", "3", "4.08"): [
        ("components differ from the total", 0.019608, 0.01, 4.0),
        ("negative value", 1.0, 0.0, 0.0),
    ],
}


def test_a_row_is_flagged_for_what_its_own_numbers_say(spark: SparkSession) -> None:
    found = anomalies.flag_rows(rows(spark, *FLAGS_OF_NUMBERS))
    assert found.columns == TABLES["live.anomalies"].column_names
    flags = [
        (f.event_id, f.rule, f.score, f.threshold, f.baseline) for f in found.orderBy("event_id", "rule").collect()
    ]
    assert flags == [(f"e{n}", *flag) for n, expected in enumerate(FLAGS_OF_NUMBERS.values()) for flag in expected]


def test_the_median_of_an_array(spark: SparkSession) -> None:
    arrays = [([3.0, 1.0, 2.0], 2.0), ([4.0, 1.0, 2.0, 3.0], 2.5), ([7.0], 7.0), ([], None), (None, None)]
    frame = spark.createDataFrame(arrays, "numbers array<double>, expected double")
    found = frame.select(anomalies.median_of(F.col("numbers")).alias("median"), "expected").collect()
    assert [row.median for row in found] == [row.expected for row in found]


def test_a_value_far_from_its_domains_first_events_is_extreme(spark: SparkSession) -> None:
    usual = [("1", "1", "1", str(3 + n % 5 / 10)) for n in range(30)]
    sampled = anomalies.sampled_rows(rows(spark, *usual, ("1", "1", "1", "300"), ("1", "1", "1", "0.03")))
    judged = anomalies.flag_extremes(sampled, anomalies.with_baselines(sampled)).orderBy("event_id").collect()
    assert [(f.event_id, f.rule, f.baseline) for f in judged if f.is_flagged] == [
        ("e30", "extreme for its domain", 3.2),
        ("e31", "extreme for its domain", 3.2),
    ]
    assert len(judged) == 32


def test_too_few_events_are_no_baseline(spark: SparkSession) -> None:
    sampled = anomalies.sampled_rows(rows(spark, *[("1", "1", "1", "3")] * 18, ("1", "1", "1", "3000")))
    assert anomalies.flag_extremes(sampled, anomalies.with_baselines(sampled)).count() == 0


def test_a_complete_sample_takes_nothing_more_and_an_open_one_takes_each_event_once(spark: SparkSession) -> None:
    everything = anomalies.sampled_rows(rows(spark, *[("1", "1", "1", str(n + 1)) for n in range(60)]))
    # Made once each: without that every step would plan and compute all those before it anew.
    first = anomalies.with_baselines(everything.where("offset < 30")).localCheckpoint()
    samples = anomalies.open_samples(first, everything.where("offset BETWEEN 20 AND 59")).localCheckpoint()
    assert samples.count() == 60
    complete = anomalies.with_baselines(samples).localCheckpoint()
    assert [len(row["sample"]) for row in complete.collect()] == [anomalies.SAMPLE_SIZE]
    assert anomalies.open_samples(complete, everything).count() == 0
