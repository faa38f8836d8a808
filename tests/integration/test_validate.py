"""The validating steps on real Delta tables: what stops, what is only told, and the pages that show it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batch.__main__ import main
from batch.clean import clean
from batch.docs import publish_docs
from batch.figures import collect_gold
from batch.gold import gold
from expectations.docs import Run
from tests.batch.builders import RECEIVED, append, emission, tweet
from tests.batch.test_docs import Text, index_rows
from tests.batch.test_landed import GOOD, land
from tests.integration.lakes import on_s3
from tests.integration.recount import read
from tideline.s3 import client, split_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def own(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An empty lake that the steps find in the environment."""
    for name, value in lake.variables().items():
        monkeypatch.setenv(name, value)
    return lake


def failures(lake: Settings, severity: str) -> set[str]:
    rows = read(lake, "ops.validations")
    return set(rows[~rows.success & (rows.severity == severity)].column)


def test_a_critical_failure_stops_the_step_in_one_sentence_and_has_its_page(
    spark: SparkSession, own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    append(own, "bronze.emissions", [emission(0), emission(1)])
    clean(spark, own)
    append(own, "silver.emissions", [emission(2, domain=None)])
    assert main(["validate_silver"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: silver.emissions fails expect_column_values_to_not_be_null of domain: {")
    site = Path(own.warehouse, "_docs")
    assert f"and in {site}/index.html; mend what was validated and run again\n" in error
    pages = {row["page"]: row["status"] for row in index_rows(site)}
    (page,) = [name for name in pages if name.startswith("validations/silver/emissions/validate_silver-")]
    assert pages[page] == "Failed"
    assert "1 unexpected values found. ≈33.33% of 3 total rows." in Text(site / page).seen


def test_old_records_a_silver_that_is_behind_and_much_in_quarantine_are_told_and_stop_nothing(
    spark: SparkSession, own: Settings
) -> None:
    # Kafka's time:   noon: read by clean   noon + 3 h: not yet, and in quarantine   long after: now
    append(own, "bronze.tweets", [tweet(0)])
    clean(spark, own)
    later = tweet(1, kafka_timestamp=RECEIVED + timedelta(hours=3), reasons=["date or time is missing"])
    append(own, "bronze.tweets", [later])
    assert main(["validate_silver"]) == 0
    shares = {"quarantined_share", "date or time is missing"}
    assert failures(own, "warning") == {"bronze_age_minutes", "silver_lag_minutes"} | shares
    rows = read(own, "ops.validations")
    assert json.loads(rows[rows.column == "quarantined_share"].observed.item())["examples"] == ["0.500000"]


def test_a_fresh_lake_holds_every_expectation_of_every_layer(spark: SparkSession, own: Settings) -> None:
    now = datetime.now(UTC)
    whole = {"format": "video", "device": "phone", "domainCoverage": "measured", "kafka_timestamp": now}
    append(own, "bronze.tweets", [tweet(n, tweet_id=n + 1, kafka_timestamp=now) for n in range(20)])
    append(own, "bronze.emissions", [emission(n, "1.5", domain=f"{n}.org", **whole) for n in range(21)])
    clean(spark, own)
    gold(spark, own)
    land(own, GOOD)
    assert main(["validate"]) == 0
    rows = read(own, "ops.validations")
    # Nobody landed emissions: that is no fault.
    assert list(rows[~rows.success].table) == ["landing.emissions"]
    assert {table.split(".")[0] for table in rows.table} == {"landing", "bronze", "silver", "gold"}
    assert {row["status"] for row in index_rows(Path(own.warehouse, "_docs"))} == {"Success", "Failed"}
    assert collect_gold(own).values == {
        **dict.fromkeys(["silver_tweets", "tweets_per_hour", "tweets_per_day"], 20),
        **dict.fromkeys(["silver_emissions", "country_device_records", "domain_format_records"], 21),
        "contribution_rows": 21,
        **dict.fromkeys(["silver_total", "country_device_total", "domain_format_total"], Decimal("31.5")),
        **dict.fromkeys(["country_trends_total", "flagged_domains_total"], Decimal("31.5")),
        **dict.fromkeys(["top_domains", "expected_top_domains"], 10),
        "outliers_misjudged": 0,
    }


def test_a_damaged_landed_file_fails_its_step_by_name(
    spark: SparkSession, own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate_landing"]) == 0
    land(own, GOOD, promised=64 * "a")
    assert main(["validate_landing"]) == 1
    sentence = "error: landing.tweets fails expect_column_pair_values_to_be_equal of sha256, promised_sha256: {"
    assert capsys.readouterr().err.startswith(sentence)


def test_sums_and_flags_of_gold_that_do_not_fit_fail(
    spark: SparkSession, own: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    append(own, "bronze.emissions", [emission(0)])
    append(own, "bronze.tweets", [tweet(0)])
    clean(spark, own)
    gold(spark, own)
    odd = {"domain": "b.org", "total_emissions": Decimal(1), "z_score": 3.0, "is_outlier": False}
    append(own, "gold.flagged_domains", [odd])
    assert main(["validate_gold"]) == 1
    error = capsys.readouterr().err
    assert "gold.flagged_domains fails expect_column_values_to_be_between of outliers_misjudged" in error
    assert "expect_column_pair_values_to_be_equal of flagged_domains_total, silver_total" in error


def test_on_s3_the_site_lies_beside_the_tables_as_pages_that_a_browser_shows(minio: Settings, tmp_path: Path) -> None:
    own = on_s3(Settings(home=tmp_path, docs_runs=1), minio, tmp_path.name)
    for number in range(2):
        index = publish_docs(own, Run(f"empty-{number}", datetime(2026, 1, 1, number, tzinfo=UTC), []))
    assert index == f"{own.warehouse}/_docs/index.html"
    bucket, key = split_path(index)
    assert client(own).stat_object(bucket_name=bucket, object_name=key).content_type == "text/html"
    stored = client(own).list_objects(bucket_name=bucket, prefix=key.replace("index.html", "_results/"))
    assert [str(entry.object_name).rpartition("-")[2] for entry in stored] == ["1.json"]
