import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import pytest

from producers.emission_rows import SyntheticEmissions
from tideline.reasons import Reason
from tideline.records import EMISSION_COLUMNS

ROWS = 3_000
DEVICES = {"desktop", "mobile web", "mobile app", "ctv", "tablet"}
NUMBERS = {
    "adSelectionEmissions": Reason.AD_SELECTION_INVALID,
    "creativeDistributionEmissions": Reason.CREATIVE_DISTRIBUTION_INVALID,
    "mediaDistributionEmissions": Reason.MEDIA_DISTRIBUTION_INVALID,
    "totalEmissions": Reason.TOTAL_INVALID,
}

Fields = dict[str, str]


@pytest.fixture(scope="module")
def run() -> SyntheticEmissions:
    return SyntheticEmissions(ROWS, seed=11)


@pytest.fixture(scope="module")
def rows(run: SyntheticEmissions) -> list[Fields]:
    return [dict(zip(EMISSION_COLUMNS, row, strict=True)) for row in run.rows()]


def number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def date_is_readable(text: str) -> bool:
    try:
        datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC)
    except ValueError:
        return False
    return re.fullmatch(r"\d\d/\d\d/\d{4}", text) is not None


def differs_by(row: Fields) -> Decimal | None:
    values = [number(row[name]) for name in NUMBERS]
    if None in values:
        return None
    selection, creative, media, total = (value or Decimal(0) for value in values)
    return abs(round(selection + creative + media - total, 3))


def reasons_of(row: Fields) -> list[Reason]:
    """Judges a row anew, by the rules of the lake."""
    found = [reason for name, reason in NUMBERS.items() if number(row[name]) is None]
    if not row["date"]:
        found.append(Reason.DATE_MISSING)
    elif not date_is_readable(row["date"]):
        found.append(Reason.DATE_UNREADABLE)
    if not row["domain"]:
        found.append(Reason.DOMAIN_MISSING)
    if not row["country"]:
        found.append(Reason.COUNTRY_MISSING)
    if (difference := differs_by(row)) is not None and difference > Decimal("0.1"):
        found.append(Reason.SUM_MISMATCH)
    return found


def test_a_run_says_exactly_what_the_lake_must_reject(run: SyntheticEmissions, rows: list[Fields]) -> None:
    assert len(rows) == run.planted.rows == ROWS
    assert run.planted.reasons == dict(Counter(reason for row in rows for reason in reasons_of(row)))
    assert run.planted.rejected == sum(bool(reasons_of(row)) for row in rows) == 111
    assert set(run.planted.reasons) == {
        *NUMBERS.values(),
        Reason.DATE_MISSING,
        Reason.DATE_UNREADABLE,
        Reason.DOMAIN_MISSING,
        Reason.COUNTRY_MISSING,
        Reason.SUM_MISMATCH,
    }


def test_a_run_says_exactly_what_else_it_planted(run: SyntheticEmissions, rows: list[Fields]) -> None:
    values = [[number(row[name]) for name in NUMBERS] for row in rows]
    found = Counter[str]()
    for row, numbers in zip(rows, values, strict=True):
        difference, total = differs_by(row), numbers[3]
        found["missing format"] += not row["format"]
        found["missing device"] += not row["device"]
        found["unknown device"] += bool(row["device"]) and row["device"] not in DEVICES
        found["negative value"] += any(value is not None and value < 0 for value in numbers)
        if difference is not None and total is not None:
            found["loose sum"] += total / 100 < difference <= Decimal("0.1")
            found["wrong sum"] += difference > Decimal("0.1")
        found["bad date"] += bool(row["date"]) and not date_is_readable(row["date"])
        for name in (*NUMBERS, "date", "domain", "country"):
            found[f"missing {name}"] += not row[name]
        for name in NUMBERS:
            found[f"text in {name}"] += bool(row[name]) and number(row[name]) is None
    planted = dict(run.planted.kinds)
    planted.pop("outlier")
    assert planted == dict(found)


def test_identical_rows_are_as_many_as_it_says(run: SyntheticEmissions, rows: list[Fields]) -> None:
    times = Counter(tuple(row.values()) for row in rows)
    assert run.planted.identical == times.total() - len(times) == 30


def test_outliers_and_they_alone_are_far_above_their_domains_median(
    run: SyntheticEmissions, rows: list[Fields]
) -> None:
    totals: dict[str, list[Decimal]] = {}
    for row in rows:
        if not reasons_of(row):
            totals.setdefault(row["domain"], []).append(Decimal(row["totalEmissions"]))
    times_median = [value / sorted(values)[len(values) // 2] for values in totals.values() for value in values]
    assert sum(times > 12 for times in times_median) == run.planted.kinds["outlier"] == 12
    assert not any(8 < times <= 12 or times < Decimal("0.12") for times in times_median)


def test_sound_rows_add_up_and_vary(rows: list[Fields]) -> None:
    sound = [row for row in rows if differs_by(row) == 0]
    assert len(sound) > ROWS * 0.9
    assert len({row["date"] for row in sound if date_is_readable(row["date"])}) == 7
    for column, several in {"domain": 12, "country": 10, "format": 4, "ad_size": 10, "domainCoverage": 2}.items():
        assert len({row[column] for row in sound}) >= several


def test_the_same_arguments_give_the_same_rows_and_others_do_not() -> None:
    assert list(SyntheticEmissions(500, 1).rows()) == list(SyntheticEmissions(500, 1).rows())
    assert list(SyntheticEmissions(500, 1).rows()) != list(SyntheticEmissions(500, 2).rows())
    assert SyntheticEmissions(500, 1).planted.run == "emissions-1-seed1-rows500-20240301-days7"


def test_the_csv_holds_the_header_and_the_rows() -> None:
    run = SyntheticEmissions(12_000, 5)
    first, *lines = b"".join(run.chunks()).decode().splitlines()
    assert first.split(",") == list(EMISSION_COLUMNS)
    assert [tuple(line.split(",")) for line in lines] == list(run.rows())
