from datetime import timedelta
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from batch.accounting import collect_figures, gold_figures, silver_figures
from batch.gold import MARTS, SILVER
from tests.batch.builders import RECEIVED, emission, frame, tweet
from tideline.reasons import SOURCE_REASONS, Reason

pytestmark = pytest.mark.integration


def test_silver_must_hold_every_distinct_valid_event_of_bronze(spark: SparkSession) -> None:
    missing, odd = str(Reason.TIME_MISSING), "it rains"
    bronze = [
        tweet(0, event_id="a"),
        tweet(1, event_id="a"),
        tweet(2, event_id="b"),
        tweet(3, reasons=[missing, odd]),
    ]
    silver = frame(spark, "silver.tweets", bronze[1:3])
    figures = collect_figures(silver_figures("tweets", frame(spark, "bronze.tweets", bronze), silver))
    assert {name: value for name, value in figures.items() if value != 0} == {
        "quarantined_share": Decimal("0.25"),
        missing: Decimal("0.25"),
        "unknown_reasons": 1,
        "bronze_valid_events": 2,
        "silver_rows": 2,
    }
    assert set(map(str, SOURCE_REASONS["tweets"])) < set(figures)


@pytest.mark.parametrize(
    ("total", "seconds", "expected"),
    [("6.0", 300, {}), ("6.1", 300, {}), ("6.2", 301, {"sum_mismatches": 1, "times_in_future": 1})],
)
def test_rows_that_break_a_rule_of_several_columns_are_counted(
    spark: SparkSession, total: str, seconds: int, expected: dict[str, int]
) -> None:
    row = emission(0, "6.0") | {"totalEmissions": Decimal(total)}
    late = tweet(0, event_time=RECEIVED + timedelta(seconds=seconds))
    figures = {}
    for source, broken in (("emissions", row), ("tweets", late)):
        silver = frame(spark, f"silver.{source}", [broken])
        figures |= collect_figures(silver_figures(source, frame(spark, f"bronze.{source}", []), silver))
    assert {name: figures[name] for name in ("sum_mismatches", "times_in_future") if figures[name]} == expected


def test_empty_tables_have_figures_of_zero(spark: SparkSession) -> None:
    tables = {name: frame(spark, name, []) for name in (*SILVER, *MARTS)}
    assert set(collect_figures(gold_figures(tables)).values()) == {0}


def test_a_mart_whose_flags_contradict_its_scores_or_whose_days_differ_from_their_hours_is_told(
    spark: SparkSession,
) -> None:
    tables = {name: frame(spark, name, []) for name in (*SILVER, *MARTS)}
    hours = [{"period_hour": RECEIVED, "tweets_per_hour": 1, "tweets_per_day": 5}]
    scores = [
        {"domain": "a", "z_score": 2.5, "is_outlier": False},
        {"domain": "b", "z_score": 2.5, "is_outlier": True},
        {"domain": "c", "z_score": None, "is_outlier": False},
    ]
    tables["gold.tweet_metrics"] = frame(spark, "gold.tweet_metrics", hours)
    tables["gold.flagged_domains"] = frame(spark, "gold.flagged_domains", scores)
    figures = collect_figures(gold_figures(tables))
    assert (figures["tweets_per_hour"], figures["tweets_per_day"]) == (1, 5)
    assert (figures["outliers_misjudged"], figures["expected_top_domains"]) == (1, 3)


def test_the_marts_rows_and_sums_add_up_to_silvers(spark: SparkSession) -> None:
    silver = {
        "silver.tweets": frame(spark, "silver.tweets", [tweet(0), tweet(1)]),
        "silver.emissions": frame(spark, "silver.emissions", [emission(0, "1.5"), emission(1, "2")]),
    }
    marts = {name: silver[source].transform(transform) for name, (source, transform) in MARTS.items()}
    assert collect_figures(gold_figures(silver | marts)) == {
        "silver_tweets": 2,
        "tweets_per_hour": 2,
        "tweets_per_day": 2,
        "silver_emissions": 2,
        "country_device_records": 2,
        "domain_format_records": 2,
        "contribution_rows": 2,
        "silver_total": Decimal("3.5"),
        "country_device_total": Decimal("3.5"),
        "domain_format_total": Decimal("3.5"),
        "country_trends_total": Decimal("3.5"),
        "top_domains": 1,
        "flagged_domains_total": Decimal("3.5"),
        "expected_top_domains": 1,
        "outliers_misjudged": 0,
    }
