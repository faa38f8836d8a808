"""What every source's bronze shares: Kafka coordinates, headers, and the frame of judging a record."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from streaming.canonical import Layout, cut, field, is_canonical
from tideline import records
from tideline.reasons import Reason


def with_coordinates(kafka: DataFrame) -> DataFrame:
    """Rename the Kafka source's columns to bronze's: ``timestamp`` becomes ``kafka_timestamp``."""
    return kafka.select(
        "topic", "partition", "offset", F.col("timestamp").alias("kafka_timestamp"), "key", "value", "headers"
    )


def text() -> Column:
    """The record's value as a string; bytes that are not UTF-8 stay as they are."""
    return F.col("value").cast("string")


def header(name: str) -> Column:
    """The first header of that name as a string; null when it is absent or not UTF-8."""
    position = F.nullif(F.array_position("headers.key", name), F.lit(0).cast("bigint"))
    return F.try_validate_utf8(F.try_element_at("headers.value", position.cast("int")).cast("string"))


def is_raw() -> Column:
    """Whether the producer found no record in the line and sent its bytes as they were."""
    return F.coalesce(F.array_contains("headers.key", records.HEADER_RAW), F.lit(False))


def coordinates_id() -> Column:
    """An event id for a record that brings none."""
    return F.concat_ws("-", "topic", "partition", "offset")


def blank_to_null(column: Column) -> Column:
    """Text without surrounding blanks; nothing left is null."""
    return F.nullif(F.trim(column), F.lit(""))


def is_blank(column: Column) -> Column:
    """Whether nothing but blanks is there, or null."""
    return F.coalesce(F.trim(column) == "", F.lit(True))


def reject(when: Column, reason: Reason) -> Column:
    """The reason where the condition holds, else null: the form of every check."""
    return F.when(when, F.lit(reason.value))


def with_fields(records: DataFrame, columns: Sequence[str], layouts: Sequence[Layout]) -> DataFrame:
    """Parse the value into ``fields``, a struct of strings, and say in ``form`` why it has none.

    ``form`` is null for a JSON object, else one of NO_VALUE, NOT_UTF8, WRONG_COLUMNS, NOT_JSON: what has no form
    has no fields to find fault with.

    Args:
        records: with ``value`` and ``headers``.
        columns: the names of the fields.
        layouts: the orders in which producers write them; others cost more.
    """
    schema, canonical = ", ".join(f"`{name}` string" for name in columns), is_canonical(text(), layouts)
    # `from_json` has no generated code, so it is apart from the rest, and what it adds is little for most rows.
    parsed = F.when(~canonical, F.from_json(text(), schema))
    pieces = F.when(F.col("is_canonical"), cut(text()))
    fields = F.struct(*(field(F.col("pieces"), name, layouts).alias(name) for name in columns))
    return (
        records.select("*", canonical.alias("is_canonical"), parsed.alias("parsed"))
        .withColumn("pieces", pieces)
        .withColumn("fields", F.when(F.col("is_canonical"), fields).otherwise(F.col("parsed")))
        .withColumn("form", _form(columns))
    )


def _form(columns: Sequence[str]) -> Column:
    # The parser answers broken text with a struct of nulls; only then is the text looked at again.
    found = F.coalesce(*(F.col(f"fields.{name}") for name in columns)).isNotNull()
    is_object = found | F.coalesce(F.trim(F.get_json_object(text(), "$")).startswith("{"), F.lit(False))
    return F.coalesce(
        reject(F.col("value").isNull(), Reason.NO_VALUE),
        reject(~F.col("is_canonical") & ~F.is_valid_utf8(text()), Reason.NOT_UTF8),
        reject(is_raw(), Reason.WRONG_COLUMNS),
        reject(~F.col("is_canonical") & ~is_object, Reason.NOT_JSON),
    )


def with_reasons(records: DataFrame, checks: Sequence[Column]) -> DataFrame:
    """Add all ``reasons`` of a row, in the order of the checks; empty for a valid row. Needs ``form``.

    Most rows are valid: they pay for the checks once and for no array. ``array_compact`` would say it more plainly,
    but it is interpreted, and takes the whole projection out of code generation with it.

    The checks are columns for a while: with their code at each place that asks for them, the generated method would be
    too long for the JVM to compile it well, and from 8,000 bytes on to compile it at all.
    """
    names = [f"check_{number}" for number, _ in enumerate(checks)]
    checked = records.select("*", *(check.alias(name) for name, check in zip(names, checks, strict=True)))
    nothing = F.array().cast("array<string>")
    found = F.array_remove(F.array(*(F.coalesce(name, F.lit("")) for name in names)), "")
    reasons = (
        F.when(F.col("form").isNotNull(), F.array("form")).when(F.coalesce(*names).isNull(), nothing).otherwise(found)
    )
    return checked.withColumn("reasons", reasons)
