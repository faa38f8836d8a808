"""Figures that must agree between the layers: rows, distinct events, sums; each is an aggregate of one table, in SQL.

Gold's are asked of DataFusion, those of bronze and silver of the engine that ``batch.questions`` chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from deltalake import DeltaTable as DeltaLog

from batch.emission_marts import TOP_DOMAINS
from batch.outliers import Z_THRESHOLD
from batch.questions import Question
from tideline.lake import query
from tideline.reasons import CLOCK_TOLERANCE_SECONDS, SOURCE_REASONS, SUM_TOLERANCE
from tideline.records import EMISSION_COLUMNS

_NUMBERS = EMISSION_COLUMNS[6:10]
"""The three components of an emission row, and their total."""

_SHARE = Decimal("0.000001")
"""To this a share is rounded."""

_IS_VALID = "cardinality(reasons) = 0"
_IS_REJECTED = "cardinality(reasons) > 0"

_GOLD: Final = {
    "silver.tweets": "select count(*) as silver_tweets from t",
    "silver.emissions": 'select count(*) as silver_emissions, sum("totalEmissions") as silver_total from t',
    "gold.tweet_metrics": """
        with days as (
            select sum(tweets_per_hour) as hours, max(tweets_per_day) as day from t group by cast(period_hour as date)
        )
        select sum(hours) as tweets_per_hour, sum(day) as tweets_per_day from days
    """,
    "gold.daily_by_country_device": """
        select sum(record_count) as country_device_records, sum("sum_totalEmissions") as country_device_total from t
    """,
    "gold.daily_by_domain_format": """
        select sum(record_count) as domain_format_records, sum("sum_totalEmissions") as domain_format_total from t
    """,
    "gold.emission_contributions": "select count(*) as contribution_rows from t",
    "gold.daily_country_trends": "select sum(total_emissions) as country_trends_total from t",
    "gold.top_10_domains": "select count(*) as top_domains from t",
    "gold.flagged_domains": f"""
        select sum(total_emissions) as flagged_domains_total, least(count(*), {TOP_DOMAINS}) as expected_top_domains,
               count(*) filter (where is_outlier <> coalesce(abs(z_score) > {Z_THRESHOLD}, false)) as outliers_misjudged
        from t
    """,  # noqa: S608 - constants of our own
}
"""The figures of each table ``t``, in DataFusion's SQL: a sum of decimals is exact and ten digits wider than they are.

NaN is larger than any number, as in Spark."""


def silver_questions(source: str, bronze: int, silver: int, read_bronze: int) -> list[Question]:
    """What is counted of bronze and of silver, for ``silver_figures``.

    Args:
        source: tweets or emissions.
        bronze: the version of its bronze table.
        silver: the version of its silver table.
        read_bronze: the version of bronze that this silver was made from.
    """
    reasons = [str(reason) for reason in SOURCE_REASONS[source]]
    # Few rows have reasons: the rest is not looked through for each of them.
    with_reason = {reason: _count(f"{_IS_REJECTED} and {_has(reason)}") for reason in reasons}
    known = " + ".join(f"case when {_has(reason)} then 1 else 0 end" for reason in reasons)
    of_bronze = {
        "bronze_rows": "count(*)",
        "quarantined_share": _count(_IS_REJECTED),
        **with_reason,
        "unknown_reasons": _count(f"{_IS_REJECTED} and cardinality(array_distinct(reasons)) > {known}"),
    }
    events = {"bronze_valid_events": f"count(distinct case when {_IS_VALID} then event_id end)"}
    name, is_odd = {"tweets": ("times_in_future", _in_future()), "emissions": ("sum_mismatches", _sum_mismatch())}[
        source
    ]
    return [
        # One pass over bronze, where silver has read all of it.
        *(
            [Question(f"bronze.{source}", bronze, of_bronze | events)]
            if read_bronze == bronze
            else [Question(f"bronze.{source}", bronze, of_bronze), Question(f"bronze.{source}", read_bronze, events)]
        ),
        Question(f"silver.{source}", silver, {"silver_rows": "count(*)", name: _count(is_odd)}),
    ]


def silver_figures(source: str, counted: Mapping[str, int]) -> dict[str, int | Decimal]:
    """How much of bronze is in quarantine, what it says silver must hold, and what silver holds.

    Args:
        source: tweets or emissions.
        counted: the answers to ``silver_questions``.
    """
    shares = ("quarantined_share", *map(str, SOURCE_REASONS[source]))
    rows = max(1, counted["bronze_rows"])
    return {
        name: _plain((Decimal(count) / rows).quantize(_SHARE, ROUND_HALF_UP)) if name in shares else count
        for name, count in counted.items()
        if name != "bronze_rows"
    }


def gold_figures(tables: Mapping[str, DeltaLog]) -> dict[str, int | Decimal]:
    """What silver says gold must hold, and what gold holds; 0 where there is nothing to count or to add up.

    DataFusion reads the tables: it is another reader than the one that wrote them, and for the few rows of a mart
    Spark would plan for seconds. It streams the rows and keeps no more than one per day in memory.

    Args:
        tables: silver and gold tables by name, each opened at a version.
    """
    return {figure: value for name, sql in _GOLD.items() for figure, value in _ask(tables[name], sql).items()}


def _count(condition: str) -> str:
    return f"count(*) filter (where {condition})"


def _has(reason: str) -> str:
    return f"array_contains(reasons, '{reason}')"


def _in_future() -> str:
    """Whether a tweet's time lies further after Kafka's than clocks differ."""
    return f"event_time > kafka_timestamp + interval '{CLOCK_TOLERANCE_SECONDS}' second"


def _sum_mismatch() -> str:
    """Whether the components differ from the total by more than may be.

    Sums of decimals are slow, so doubles, which are off by less than 0.001 here, say first which rows are near it.
    """
    # What would be rounded, to three places, to more than may be: DataFusion 55 fails to compare what it rounds.
    exact = f"abs({_difference('`{}`')}) >= cast('{Decimal(SUM_TOLERANCE) + Decimal('0.0005')}' as decimal(28,6))"
    near = f"abs({_difference('cast(`{}` as double)')}) > {float(SUM_TOLERANCE) / 2}"
    return f"{near} and {exact}"


def _difference(number: str) -> str:
    first, second, third, total = map(number.format, _NUMBERS)
    return f"{first} + {second} + {third} - {total}"


def _ask(table: DeltaLog, sql: str) -> dict[str, int | Decimal]:
    """The one row that an aggregate gives of a table."""
    (row,) = query(table, sql)
    return {figure: 0 if value is None else _plain(value) for figure, value in row.items()}


def _plain(value: int | Decimal) -> int | Decimal:
    return int(value) if value == int(value) else value
