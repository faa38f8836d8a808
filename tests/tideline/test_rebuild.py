from datetime import date

import pytest

from tideline.errors import TableError
from tideline.rebuild import build_order, parse_order


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as done:
        parse_order("rebuild", arguments)
    assert done.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_an_order_names_days_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    order = parse_order("rebuild", ["--from=2024-03-31 00:00:00+00:00", "--tables=gold.top_10_domains,silver"])
    assert (order.days.first, order.days.last, order.dry_run) == (date(2024, 3, 31), date(2024, 3, 31), False)
    assert order.tables == ("silver.tweets", "silver.emissions", "gold.top_10_domains")
    assert order.tables_of("live") == []
    every = parse_order("rebuild", ["--from=2024-03-01", "--to=2024-03-31", "--dry-run"])
    assert {table.split(".")[0] for table in every.tables} == {"silver", "live", "gold"}
    assert every.days.hold(date(2024, 3, 31))
    assert not every.days.hold(date(2024, 4, 1))


def test_what_cannot_be_rebuilt_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "--from=2024-03-31", "--tables=silver,bronze") == (
        "rebuild: error: argument --tables: what can be rebuilt is silver, live, gold, or a table of them such as "
        "silver.tweets; got bronze"
    )
    assert refused(capsys, "--from=") == "rebuild: error: argument --from: '' is no day such as 2024-03-31"
    assert "--from" in refused(capsys)
    with pytest.raises(TableError, match="from a day to the same or a later one, got 2024-03-02 to 2024-03-01"):
        build_order(date(2024, 3, 2), date(2024, 3, 1), (), dry_run=True)
