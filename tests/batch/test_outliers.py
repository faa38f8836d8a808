from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from batch.outliers import flagged_domains
from tests.batch.builders import emission, frame


def flags(spark: SparkSession, totals: dict[str, str], partitions: int = 1) -> dict[str, tuple[object, ...]]:
    rows = [emission(n, total, domain=domain) for n, (domain, total) in enumerate(totals.items())]
    found = flagged_domains(frame(spark, "silver.emissions", rows).repartition(partitions))
    return {row.domain: (row.total_emissions, row.z_score, row.is_outlier) for row in found.collect()}


def test_a_domain_more_than_two_sample_deviations_away_is_an_outlier(spark: SparkSession) -> None:
    # Seven totals of 1 and one of 9: mean 2, sample standard deviation sqrt((7 * 1 + 49) / 7) = sqrt(8).
    found = flags(spark, {f"{n}.org": "1" for n in range(7)} | {"far.org": "9"})
    assert found["far.org"] == (Decimal("9.000000"), 2.474874, True)
    assert found["0.org"] == (Decimal("1.000000"), -0.353553, False)


def test_equal_totals_have_no_score_and_no_outlier(spark: SparkSession) -> None:
    assert flags(spark, {"a.org": "0.1", "b.org": "0.1", "c.org": "0.1"})["b.org"] == (Decimal("0.100000"), None, False)


def test_a_single_domain_has_no_score_and_is_no_outlier(spark: SparkSession) -> None:
    assert flags(spark, {"a.org": "5"}) == {"a.org": (Decimal("5.000000"), None, False)}


@pytest.mark.parametrize("partitions", [2, 7])
def test_scores_do_not_depend_on_the_partitioning(spark: SparkSession, partitions: int) -> None:
    totals = {f"{n}.org": f"{n * n}.{n:06d}" for n in range(1, 60)}
    assert flags(spark, totals, partitions) == flags(spark, totals)
