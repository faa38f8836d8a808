"""Ad emissions: from Kafka records to bronze rows, valid and rejected alike."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from streaming.records import (
    blank_to_null,
    coordinates_id,
    header,
    is_blank,
    reject,
    with_coordinates,
    with_fields,
    with_reasons,
)
from tideline.reasons import RULE_VERSION, SUM_TOLERANCE, Reason
from tideline.records import EMISSION_COLUMNS, HEADER_EVENT_ID
from tideline.schemas import EMISSION, TABLES

COMPONENTS = {
    "adSelectionEmissions": Reason.AD_SELECTION_INVALID,
    "creativeDistributionEmissions": Reason.CREATIVE_DISTRIBUTION_INVALID,
    "mediaDistributionEmissions": Reason.MEDIA_DISTRIBUTION_INVALID,
}
NUMBERS = COMPONENTS | {"totalEmissions": Reason.TOTAL_INVALID}
TEXTS = ("domain", "format", "country", "ad_size", "device", "domainCoverage")
EMISSION_LAYOUTS = (EMISSION_COLUMNS,)


def emissions_to_bronze(kafka: DataFrame) -> DataFrame:
    """Judge and type emission records.

    Args:
        kafka: the columns of Spark's Kafka source, with headers.

    Returns:
        The columns of ``bronze.emissions``, one row per record, whatever the record holds.
    """
    parsed = with_fields(with_coordinates(kafka), EMISSION_COLUMNS, EMISSION_LAYOUTS)
    typed = parsed.select(
        "*",
        F.try_to_date(F.trim("fields.date"), "MM/dd/yyyy").alias("date"),
        *(blank_to_null(F.col(f"fields.{name}")).alias(name) for name in TEXTS),
        *(F.col(f"fields.{name}").try_cast(EMISSION).alias(name) for name in NUMBERS),
        F.coalesce(header(HEADER_EVENT_ID), coordinates_id()).alias("event_id"),
        F.lit(RULE_VERSION).alias("rule_version"),
        is_blank(F.col("fields.date")).alias("date_missing"),
    )
    judged = with_reasons(typed, emission_checks())
    return judged.select(*TABLES["bronze.emissions"].column_names)


def components_sum() -> Column:
    """The three components added up; null when one of them is."""
    first, *others = (F.col(name) for name in COMPONENTS)
    return sum(others, start=first)


def emission_checks() -> list[Column]:
    """The checks of an emission row that has fields; needs ``date_missing`` and the typed columns."""
    difference = F.abs(F.round(components_sum() - F.col("totalEmissions"), 3))
    return [
        reject(F.col("date_missing"), Reason.DATE_MISSING),
        reject(~F.col("date_missing") & F.col("date").isNull(), Reason.DATE_UNREADABLE),
        reject(F.col("domain").isNull(), Reason.DOMAIN_MISSING),
        reject(F.col("country").isNull(), Reason.COUNTRY_MISSING),
        *(reject(F.col(name).isNull(), reason) for name, reason in NUMBERS.items()),
        reject(difference > F.lit(SUM_TOLERANCE).cast("decimal(2,1)"), Reason.SUM_MISMATCH),
    ]
