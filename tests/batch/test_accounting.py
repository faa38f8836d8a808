from decimal import Decimal

from pyspark.sql import SparkSession

from batch.accounting import collect_figures, gold_figures, silver_figures
from batch.gold import MARTS, SILVER
from tests.batch.builders import emission, frame, tweet


def test_silver_must_hold_every_distinct_valid_event_of_bronze(spark: SparkSession) -> None:
    bronze = [tweet(0, event_id="a"), tweet(1, event_id="a"), tweet(2, event_id="b"), tweet(3, reasons=["broken"])]
    silver = frame(spark, "silver.tweets", bronze[1:3])
    assert collect_figures(silver_figures(frame(spark, "bronze.tweets", bronze), silver)) == {
        "quarantined_share": Decimal("0.25"),
        "bronze_valid_events": 2,
        "silver_rows": 2,
    }


def test_empty_tables_have_figures_of_zero(spark: SparkSession) -> None:
    tables = {name: frame(spark, name, []) for name in (*SILVER, *MARTS)}
    assert set(collect_figures(gold_figures(tables)).values()) == {0}


def test_the_marts_rows_and_sums_add_up_to_silvers(spark: SparkSession) -> None:
    silver = {
        "silver.tweets": frame(spark, "silver.tweets", [tweet(0), tweet(1)]),
        "silver.emissions": frame(spark, "silver.emissions", [emission(0, "1.5"), emission(1, "2")]),
    }
    marts = {name: silver[source].transform(transform) for name, (source, transform) in MARTS.items()}
    assert collect_figures(gold_figures(silver | marts)) == {
        "silver_tweets": 2,
        "tweets_per_hour": 2,
        "silver_emissions": 2,
        "country_device_records": 2,
        "domain_format_records": 2,
        "contribution_rows": 2,
        "silver_total": Decimal("3.5"),
        "country_device_total": Decimal("3.5"),
        "domain_format_total": Decimal("3.5"),
        "country_trends_total": Decimal("3.5"),
        "flagged_domains_total": Decimal("3.5"),
    }
