"""The validating steps of a small lake, which need no Spark; with Spark they are among the integration tests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from batch.gold import MARTS, SILVER
from batch.validate import raise_if_fatal, validate_layers
from tests.batch.test_questions import no_session
from tests.integration.recount import read
from tideline.errors import ValidationError
from tideline.rows import append_rows
from tideline.settings import Settings


def test_small_marts_are_validated_without_spark(lake: Settings) -> None:
    for name in (*SILVER, *MARTS):
        append_rows(lake, name, [])
    validated = validate_layers(no_session, lake, "validate_gold")
    raise_if_fatal(validated)
    assert {outcome.success for outcome in validated.outcomes} == {True}
    assert {outcome.table for outcome in validated.outcomes} == set(MARTS)
    # A sum that silver does not have, and one that no reader could tell from it as a double.
    append_rows(lake, "silver.emissions", [{"totalEmissions": Decimal("999999999999.999999")}])
    append_rows(lake, "gold.daily_country_trends", [{"country": "FR", "total_emissions": Decimal(10**12)}])
    fails = (
        "gold.daily_country_trends fails expect_column_pair_values_to_be_equal of country_trends_total, silver_total"
    )
    with pytest.raises(ValidationError, match=f"{fails}: .*1000000000000, .*999999999999.999999"):
        raise_if_fatal(validate_layers(no_session, lake, "validate_gold"))
    versions = read(lake, "ops.validations").groupby("run_id").table_version
    assert sorted(versions.max()) == [0, 1]
