from expectations.accounting import bronze_accounting, gold_accounting, silver_accounting
from expectations.bronze import bronze_suite
from expectations.gold import gold_suites
from expectations.landing import landing_suite
from expectations.silver import silver_suite
from expectations.suite import Suite
from tideline.schemas import TABLES
from tideline.settings import Settings

SOURCES = ("tweets", "emissions")
BY_TABLE = [bronze_suite(s) for s in SOURCES] + [silver_suite(s) for s in SOURCES] + gold_suites()
ACCOUNTING = [accounting(s, Settings()) for accounting in (bronze_accounting, silver_accounting) for s in SOURCES]
ACCOUNTING += gold_accounting()


def test_every_table_of_bronze_silver_and_gold_has_a_suite() -> None:
    layers = {"bronze", "silver", "gold"}
    assert {suite.table for suite in BY_TABLE} == {t.name for t in TABLES.values() if t.schema in layers}


def test_every_suite_of_a_table_asks_for_its_columns_and_its_key() -> None:
    for suite in BY_TABLE:
        kinds = [type(e).__name__ for e in suite.expectations]
        assert "ExpectTableColumnsToMatchOrderedList" in kinds
        assert bool(TABLES[suite.table].key) == any("Unique" in kind for kind in kinds), suite.table


def test_no_two_expectations_of_a_suite_would_have_the_same_row_in_the_results() -> None:
    for suite in BY_TABLE + ACCOUNTING + [landing_suite(s) for s in SOURCES]:
        assert len(set(_rows(suite))) == len(suite.expectations), suite.name


def test_every_table_is_asked_whether_its_columns_have_the_declared_types_and_no_two_suites_share_a_page() -> None:
    assert {suite.table for suite in ACCOUNTING} == {suite.table for suite in BY_TABLE}
    assert all(any("found_schema" in row for row in _rows(suite)) for suite in ACCOUNTING)
    titles = [suite.title for suite in BY_TABLE + ACCOUNTING]
    assert len(set(titles)) == len(titles)


def test_an_expectation_says_how_severe_it_is() -> None:
    suites = BY_TABLE + ACCOUNTING + [landing_suite(s) for s in SOURCES]
    assert {e.severity.value for suite in suites for e in suite.expectations} == {"critical", "warning", "info"}


def _rows(suite: Suite) -> list[str]:
    return [
        f"{e.expectation_type} {[v for k, v in e.configuration.kwargs.items() if k.startswith('column')]}"
        for e in suite.expectations
    ]
