from expectations.accounting import bronze_accounting, gold_accounting, silver_accounting
from expectations.bronze import bronze_suite
from expectations.gold import gold_suites
from expectations.silver import silver_suite
from expectations.suite import Suite
from tideline.schemas import TABLES

SOURCES = ("tweets", "emissions")
BY_TABLE = [bronze_suite(s) for s in SOURCES] + [silver_suite(s) for s in SOURCES] + gold_suites()
ACCOUNTING = [bronze_accounting(s) for s in SOURCES] + [silver_accounting(s) for s in SOURCES] + gold_accounting()


def test_every_table_of_bronze_silver_and_gold_has_a_suite() -> None:
    layers = {"bronze", "silver", "gold"}
    assert {suite.table for suite in BY_TABLE} == {t.name for t in TABLES.values() if t.schema in layers}


def test_every_suite_of_a_table_asks_for_its_columns_and_its_key() -> None:
    for suite in BY_TABLE:
        kinds = [type(e).__name__ for e in suite.expectations]
        assert "ExpectTableColumnsToMatchOrderedList" in kinds
        assert bool(TABLES[suite.table].key) == any("Unique" in kind for kind in kinds), suite.table


def test_no_two_expectations_of_a_suite_would_have_the_same_row_in_the_results() -> None:
    for suite in BY_TABLE + ACCOUNTING:
        assert len(set(_rows(suite))) == len(suite.expectations), suite.name


def _rows(suite: Suite) -> list[str]:
    return [
        f"{e.expectation_type} {[v for k, v in e.configuration.kwargs.items() if k.startswith('column')]}"
        for e in suite.expectations
    ]
