"""The statements that make PostgreSQL's tables, from the registry."""

from __future__ import annotations

from batch.publish_tables import MAY_BE_NULL, column_types, comment_mart, create_mart, day_of, marts
from tideline.schemas import TABLES


def test_a_mart_has_its_types_and_its_key() -> None:
    assert create_mart(TABLES["gold.daily_by_country_device"]).as_string() == (
        'create table "gold"."daily_by_country_device" ("date" date, "country" text, "device" text, '
        '"record_count" bigint, "sum_totalEmissions" numeric(28,6), "avg_totalEmissions" numeric(28,9), '
        'unique nulls not distinct ("date", "country", "device"))'
    )


def test_a_mart_without_a_key_has_none() -> None:
    assert "unique" not in create_mart(TABLES["gold.emission_contributions"]).as_string()


def test_every_mart_and_every_column_has_a_comment_and_a_type() -> None:
    for table in marts():
        assert len(column_types(table)) == len(table.columns)
        assert table.comment
        assert "is ''" not in comment_mart(table).as_string()


def test_a_row_belongs_to_the_day_of_its_date_or_time_in_utc() -> None:
    days = {table.name: day_of(table).as_string() for table in marts()}
    assert days["gold.tweet_metrics"] == """("period_hour" at time zone 'UTC')::date"""
    assert days["gold.emission_contributions"] == '"date"'
    assert days["gold.top_10_domains"] == "null::date"


def test_what_may_be_null_is_a_column_of_some_key() -> None:
    assert {name for table in marts() for name in table.key} >= MAY_BE_NULL
