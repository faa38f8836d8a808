from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from batch import emission_marts as marts
from batch.gold import MARTS
from tests.batch.builders import emission, frame
from tideline.schemas import TABLES

DAY = date(2024, 3, 31)


def computed(spark: SparkSession, mart: Callable[[DataFrame], DataFrame], *rows: dict[str, Any]) -> list[Any]:
    result = mart(frame(spark, "silver.emissions", rows)).collect()
    return [tuple(row) for row in result]


def test_a_day_country_and_device_has_rows_sum_and_mean_and_null_is_a_device_of_its_own(spark: SparkSession) -> None:
    rows = [emission(0, "1", device="phone"), emission(1, "1"), emission(2, "1"), emission(3, "2.000001")]
    assert sorted(computed(spark, marts.daily_by_country_device, *rows), key=str) == [
        (DAY, "FR", "phone", 1, Decimal("1.000000"), Decimal("1.000000000")),
        (DAY, "FR", None, 3, Decimal("4.000001"), Decimal("1.333333667")),
    ]


def test_a_day_domain_and_format_has_rows_sum_and_mean(spark: SparkSession) -> None:
    rows = [emission(0, "-1", format="video"), emission(1, "2", format="video")]
    assert computed(spark, marts.daily_by_domain_format, *rows) == [
        (DAY, "example.org", "video", 2, Decimal("1.000000"), Decimal("0.500000000"))
    ]


def test_a_country_has_one_total_per_day(spark: SparkSession) -> None:
    rows = [emission(0, "1"), emission(1, "2"), emission(2, "4", date=date(2024, 4, 1))]
    assert sorted(computed(spark, marts.daily_country_trends, *rows)) == [
        (DAY, "FR", Decimal("3.000000")),
        (date(2024, 4, 1), "FR", Decimal("4.000000")),
    ]


def test_the_ten_largest_domains_come_highest_first_and_ties_by_name(spark: SparkSession) -> None:
    rows = [emission(n, "5", domain=f"{letter}.org") for n, letter in enumerate("lkjihgfedcb")]
    top = computed(spark, marts.top_10_domains, *rows, emission(99, "7", domain="z.org"))
    assert top == [("z.org", Decimal("7.000000"))] + [(f"{letter}.org", Decimal("5.000000")) for letter in "bcdefghij"]


def test_contributions_are_fractions_of_the_rows_total_rounded_half_up(spark: SparkSession) -> None:
    row = emission(0, "3", adSelectionEmissions=Decimal("1"), creativeDistributionEmissions=Decimal("2"))
    row["mediaDistributionEmissions"] = Decimal("0")
    assert computed(spark, marts.emission_contributions, row) == [
        (DAY, "example.org", Decimal("0.333333333"), Decimal("0.666666667"), Decimal("0E-9"))
    ]


def test_a_total_of_zero_has_null_contributions(spark: SparkSession) -> None:
    assert computed(spark, marts.emission_contributions, emission(0, "0")) == [(DAY, "example.org", None, None, None)]


def test_the_largest_component_of_the_smallest_total_fits_into_the_mart(spark: SparkSession) -> None:
    largest = Decimal("999999999999.999999")
    row = emission(0, "0.000001", adSelectionEmissions=largest, creativeDistributionEmissions=-largest)
    emissions = frame(spark, "silver.emissions", [row])
    (fraction, opposite), *_ = (
        marts.emission_contributions(emissions).select("pct_adSelection", "pct_creativeDist").collect()
    )
    assert (fraction, opposite) == (Decimal("999999999999999999.000000000"), Decimal("-999999999999999999.000000000"))


def test_a_null_coverage_counts_as_not_measured_and_a_null_format_is_a_format(spark: SparkSession) -> None:
    coverages = [("video", "measured"), ("video", "modeled"), ("video", None), (None, "measured")]
    rows = [emission(n, format=f, domainCoverage=c) for n, (f, c) in enumerate(coverages)]
    assert sorted(computed(spark, marts.avg_domain_coverage, *rows), key=str) == [
        ("video", Decimal("0.333333333")),
        (None, Decimal("1.000000000")),
    ]


@pytest.mark.parametrize("name", MARTS)
def test_a_mart_has_the_declared_columns(spark: SparkSession, name: str) -> None:
    source, transform = MARTS[name]
    found = transform(frame(spark, source, [])).schema
    declared = {column.name: column.type for column in TABLES[name].columns}
    assert {field.name: field.dataType.simpleString() for field in found.fields} == declared
