"""The expectations of bronze and silver of emissions as two aggregates, written by hand: the least it can cost."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.validate import SOURCE, Verdicts
from tideline.reasons import RULE_VERSION
from tideline.schemas import TABLES
from tideline.settings import Settings
from tideline.tables import read_table

USUALLY = 0.95
EMISSIONS = ("adSelectionEmissions", "creativeDistributionEmissions", "mediaDistributionEmissions", "totalEmissions")
COORDINATES = ("topic", "partition", "offset", "kafka_timestamp", "event_id")

Rules = dict[str, Column]
"""By expectation and column an aggregate that says whether it holds."""


def aggregate(spark: SparkSession, lake: Settings) -> Verdicts:
    """The verdicts on both tables, one query each."""
    return _ask(spark, lake, f"bronze.{SOURCE}", bronze_rules()) | _ask(spark, lake, f"silver.{SOURCE}", silver_rules())


def bronze_rules() -> Rules:
    """Coordinates and verdict are there, and no offset is twice."""
    key = ("topic", "partition", "offset")
    return {
        f"expect_compound_columns_to_be_unique {', '.join(key)}": F.count_distinct(*key) == F.count("*"),
        **{_known(column): _share(_there(column)) == 1 for column in (*COORDINATES, "reasons", "rule_version")},
        **{_between(column): F.min(column) >= 0 for column in ("partition", "offset")},
        _between("rule_version"): (F.min("rule_version") >= 1) & (F.max("rule_version") <= RULE_VERSION),
    }


def silver_rules() -> Rules:
    """What must be there is, no event is twice, and of what is odd there is little."""
    needed = (*COORDINATES, "date", "domain", "country", *EMISSIONS)
    coverage = F.when(_there("domainCoverage"), F.col("domainCoverage").isin("measured", "modeled"))
    return {
        "expect_column_values_to_be_unique event_id": F.count_distinct("event_id") == F.count("event_id"),
        **{_known(column): _share(_there(column)) == 1 for column in needed},
        **{_between(column): _share(F.col(column) >= 0) >= USUALLY for column in EMISSIONS},
        **{_known(column): _share(_there(column)) >= USUALLY for column in ("format", "device", "domainCoverage")},
        "expect_column_values_to_be_in_set domainCoverage": _share(coverage) >= USUALLY,
    }


def _ask(spark: SparkSession, lake: Settings, table: str, rules: Rules) -> Verdicts:
    rows: DataFrame = read_table(spark, lake, table)
    row = rows.agg(*(rule.alias(str(number)) for number, rule in enumerate(rules.values()))).collect()[0]
    verdicts = {f"{table} {name}": bool(row[number]) for number, name in enumerate(rules)}
    declared = TABLES[table].column_names
    name = f"{table} expect_table_columns_to_match_ordered_list {', '.join(declared)}"
    return {name: rows.columns == declared} | verdicts


def _known(column: str) -> str:
    return f"expect_column_values_to_not_be_null {column}"


def _between(column: str) -> str:
    return f"expect_column_values_to_be_between {column}"


def _there(column: str) -> Column:
    return F.col(column).isNotNull()


def _share(holds: Column) -> Column:
    """Of the rows for which the condition is not null, those for which it is true; 1 where there are none."""
    return F.coalesce(F.avg(holds.cast("int")), F.lit(1.0))
