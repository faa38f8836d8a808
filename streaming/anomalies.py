"""Rows that stand out: what the rules of ``live.anomalies`` say of a valid emission row.

Every verdict is a function of bronze alone: of the row, and for the domain rule of the domain's first events in the
row's Kafka partition, whose order never changes. Batches of any cut, resends and rebuilds give the same flags.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from streaming.emissions import NUMBERS, components_sum
from tideline.schemas import TABLES

SAMPLE_SIZE = 50
"""How many of a domain's first events per partition make its baseline; later ones leave it as it is."""

SAMPLE_MINIMUM = 20
"""With fewer events there is no verdict."""

MISMATCH_THRESHOLD = 0.01
"""Components may differ from the total by this share of it."""

EXTREME_THRESHOLD = 5.0
"""In robust standard deviations of the logarithm. Iglewicz and Hoaglin (1993) take 3.5 for one normal sample; a
baseline of 20 to 50 events is itself uncertain."""

MAD_TO_DEVIATION = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""

SMALLEST_DEVIATION = 0.05
"""In decades: a domain of nearly equal values would otherwise flag each that differs by a hair."""

SAMPLED = ("offset", "event_id", "kafka_timestamp", "date", "totalEmissions")


GROUP = ("domain", "topic", "partition")
"""What has a baseline of its own."""


def sampled_rows(rows: DataFrame) -> DataFrame:
    """What the domain rule looks at: the columns ``GROUP`` and ``SAMPLED`` of the rows with a positive total.

    The rule compares logarithms; a total of zero or less is another rule's business.
    """
    return rows.where(F.col("totalEmissions") > 0).select(*GROUP, *SAMPLED)


def open_samples(stored: DataFrame, sampled: DataFrame) -> DataFrame:
    """The rows that may still enter a baseline: those of groups whose sample is not complete.

    Args:
        stored: ``live.domain_baselines``.
        sampled: new rows, see ``sampled_rows``.

    Returns:
        For each group of ``sampled`` with an open sample its stored rows and its new ones, each event once.
    """
    complete = stored.where(F.size("sample") >= SAMPLE_SIZE).select(*GROUP)
    fresh = sampled.join(complete, [*GROUP], "left_anti")
    known = stored.join(fresh.select(*GROUP).distinct(), [*GROUP], "left_semi").select(*GROUP, F.inline("sample"))
    by_offset = Window.partitionBy(*GROUP, "event_id").orderBy("offset")
    pooled = known.unionByName(fresh).withColumn("_rank", F.row_number().over(by_offset))
    return pooled.where("_rank = 1").drop("_rank")


def with_baselines(samples: DataFrame) -> DataFrame:
    """Baselines from rows of ``sampled_rows``, distinct events: the first ``SAMPLE_SIZE`` of each group.

    Returns:
        The columns of ``live.domain_baselines``.
    """
    by_offset = Window.partitionBy(*GROUP).orderBy("offset")
    first = samples.withColumn("_rank", F.row_number().over(by_offset)).where(F.col("_rank") <= SAMPLE_SIZE)
    logged = first.withColumn("_log", F.log10(F.col("totalEmissions").cast("double")))
    grouped = logged.groupBy(*GROUP).agg(
        F.sort_array(F.collect_list(F.struct(*SAMPLED))).alias("sample"),
        F.percentile("_log", F.lit(0.5)).alias("median"),
    )
    distances = F.transform("sample", lambda s: F.abs(F.log10(s["totalEmissions"].cast("double")) - F.col("median")))
    return grouped.withColumn("deviation", median_of(distances)).select(*TABLES["live.domain_baselines"].column_names)


def median_of(numbers: Column) -> Column:
    """The median of an array; null for an empty one."""
    ordered = F.sort_array(numbers)
    size = F.size(numbers)
    lower = F.try_element_at(ordered, F.floor((size + 1) / 2).cast("int"))
    upper = F.try_element_at(ordered, F.floor(size / 2).cast("int") + 1)
    return F.when(size > 0, (lower + upper) / 2)


def flag_rows(rows: DataFrame) -> DataFrame:
    """Flags that need the row alone: components against the total, and negative values.

    Args:
        rows: distinct valid bronze rows.

    Returns:
        The columns of ``live.anomalies``.
    """
    flags = F.array_compact(F.array(component_mismatch(), negative_value()))
    return _anomalies(rows.withColumn("flag", F.explode(flags)))


def component_mismatch() -> Column:
    """The components add up to something more than 1 % off the total: a struct of the numbers, or null."""
    total = F.col("totalEmissions").cast("double")
    added = components_sum().cast("double")
    scale = F.when(total == 0, added).otherwise(total)
    score = F.round(F.abs(added - total) / F.abs(F.nullif(scale, F.lit(0.0))), 6)
    return F.when(
        score > MISMATCH_THRESHOLD,
        _flag("components differ from the total", F.col("totalEmissions"), score, MISMATCH_THRESHOLD, added),
    )


def negative_value() -> Column:
    """One of the four emission values is below zero: a struct of the numbers, or null."""
    least = F.least(*NUMBERS)
    score = -least.cast("double")
    return F.when(least < 0, _flag("negative value", least, score, 0.0, F.lit(0.0)))


def flag_extremes(sampled: DataFrame, baselines: DataFrame) -> DataFrame:
    """Judge rows against their domain's baseline.

    Args:
        sampled: rows of ``sampled_rows``.
        baselines: rows of ``live.domain_baselines``.

    Returns:
        The columns of ``live.anomalies`` and ``is_flagged``, one row for each row judged; those without a baseline of
        enough events are left out.
    """
    known = baselines.where(F.size("sample") >= SAMPLE_MINIMUM).select(*GROUP, "median", "deviation")
    judged = sampled.join(known, [*GROUP])
    spread = F.greatest(F.col("deviation") * MAD_TO_DEVIATION, F.lit(SMALLEST_DEVIATION))
    distance = F.abs(F.log10(F.col("totalEmissions").cast("double")) - F.col("median"))
    score = F.round(distance / spread, 6)
    flag = _flag(
        "extreme for its domain",
        F.col("totalEmissions"),
        score,
        EXTREME_THRESHOLD,
        F.pow(F.lit(10.0), "median"),
    )
    return _anomalies(judged.withColumn("flag", flag), (F.col("flag.score") > EXTREME_THRESHOLD).alias("is_flagged"))


def _flag(rule: str, value: Column, score: Column, threshold: float, baseline: Column) -> Column:
    return F.struct(
        F.lit(rule).alias("rule"),
        value.alias("value"),
        score.alias("score"),
        F.lit(threshold).alias("threshold"),
        F.round(baseline, 6).alias("baseline"),
    )


def _anomalies(flagged: DataFrame, *more: Column) -> DataFrame:
    own = ("rule", "value", "score", "threshold", "baseline")
    columns = [
        F.col("domain").alias("entity") if name == "entity" else F.col(f"flag.{name}") if name in own else F.col(name)
        for name in TABLES["live.anomalies"].column_names
    ]
    return flagged.select(*columns, *more)
