"""Bronze rows of tweets by pyarrow and Polars, whole batches at a time: what a native rival makes of Kafka records.

By the rules of ``docs/reference.md``, written anew with other tools; equal checksums show that they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from tideline.reasons import CLOCK_TOLERANCE_SECONDS, RULE_VERSION, Reason
from tideline.records import HEADER_RAW
from tideline.rows import arrow_schema, arrow_type
from tideline.schemas import TABLES

SCHEMA = arrow_schema(TABLES["bronze.tweets"])
FIELDS = ("tweet_id", "date", "time", "lang", "country_code", "country_place")

_PARSED = pa.schema([(name, pa.string()) for name in FIELDS])
_PARSE = pj.ParseOptions(explicit_schema=_PARSED, unexpected_field_behavior="ignore")
_READ = pj.ReadOptions(block_size=8 << 20)


@dataclass
class Batch:
    """Kafka records by column; headers as the client gives them."""

    topic: str
    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    headers: list[list[tuple[str, bytes]] | None] = field(default_factory=list)

    def __len__(self) -> int:
        """How many records."""
        return len(self.offsets)


def bronze_rows(batch: Batch) -> pa.Table:
    """The rows of ``bronze.tweets``, one per record."""
    values = pa.array(batch.values, pa.binary())
    headers = pa.array(batch.headers, arrow_type("array<struct<key: string, value: binary>>"))
    forms, fields = _parsed(batch.values, values, _raw(headers))
    frame = fields.with_columns(
        partition=pl.Series(batch.partitions, dtype=pl.Int32),
        offset=pl.Series(batch.offsets, dtype=pl.Int64),
        kafka_timestamp=pl.Series(batch.times_ms, dtype=pl.Int64)
        .cast(pl.Datetime("ms", "UTC"))
        .dt.cast_time_unit("us"),
        form=forms,
    )
    judged = _typed(frame)
    columns = _columns(judged, batch.topic).to_arrow()
    given = {"key": pa.array(batch.keys, pa.binary()), "value": values, "headers": headers, "reasons": _reasons(judged)}
    return pa.table([given[f.name] if f.name in given else columns[f.name].cast(f.type) for f in SCHEMA], schema=SCHEMA)


def _raw(headers: pa.Array) -> pa.Array:
    """Which records' values are lines and no JSON, as their producer says."""
    parents = pc.list_parent_indices(headers)
    marked = pc.filter(parents, pc.equal(pc.struct_field(pc.list_flatten(headers), "key"), HEADER_RAW))
    return pc.is_in(pa.array(range(len(headers)), pa.int64()), value_set=marked.cast(pa.int64()))


def _parsed(texts: Sequence[bytes | None], values: pa.Array, raw: pa.Array) -> tuple[pl.Series, pl.DataFrame]:
    """Per record why it has no fields, or null, and its fields."""
    wanted = pc.and_(pc.invert(raw), values.is_valid())
    found = _parsed_at_once(values.filter(wanted))
    if found is None:
        return _parsed_one_by_one(texts, raw)
    forms: list[str | None] = [None] * len(texts)
    for at in pc.indices_nonzero(pc.invert(wanted)).to_pylist():
        forms[at] = _form(texts[at], is_raw=raw[at].as_py())
    if len(found) < len(texts):
        places = pc.subtract(pc.cumulative_sum(wanted.cast(pa.int64())), 1)
        found = found.take(pc.if_else(wanted, places, None))
    return pl.Series(forms, dtype=pl.String), _frame(pl.from_arrow(found))


def _parsed_at_once(values: pa.Array) -> pa.Table | None:
    """The fields of JSON objects; none if one of them is anything else."""
    if not len(values):
        return _PARSED.empty_table()
    try:
        values.cast(pa.string())
        lines = pc.binary_join(pa.ListArray.from_arrays([0, len(values)], values), b"\n")
        found = pj.read_json(pa.BufferReader(lines[0].as_buffer()), _READ, _PARSE)
    except pa.ArrowInvalid:
        return None
    return found if len(found) == len(values) else None


def _parsed_one_by_one(texts: Sequence[bytes | None], raw: pa.Array) -> tuple[pl.Series, pl.DataFrame]:
    forms, rows = [], []
    for text, is_raw in zip(texts, raw.to_pylist(), strict=True):
        form = _form(text, is_raw=is_raw)
        try:
            found = orjson.loads(text) if form is None and text is not None else {}
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            form, found = Reason.NOT_JSON.value, {}
        forms.append(form)
        rows.append({name: _text(found.get(name)) for name in FIELDS})
    return pl.Series(forms, dtype=pl.String), pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String))


def _form(text: bytes | None, *, is_raw: bool) -> str | None:
    if text is None:
        return Reason.NO_VALUE.value
    try:
        text.decode()
    except UnicodeDecodeError:
        return Reason.NOT_UTF8.value
    return Reason.WRONG_COLUMNS.value if is_raw else None


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _frame(found: pl.DataFrame | pl.Series) -> pl.DataFrame:
    return found if isinstance(found, pl.DataFrame) else found.to_frame()


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("tweet_id").str.strip_chars().cast(pl.Int64, strict=False)
    shaped = (pl.col("date").str.len_chars() == 10) & (pl.col("time").str.len_chars() == 8)
    shaped &= pl.col("time").str.slice(2, 1) == ":"
    moment = pl.concat_str("date", "time", separator=" ").str.to_datetime(
        "%Y-%m-%d %H:%M:%S", strict=False, time_unit="us", time_zone="UTC"
    )
    return frame.with_columns(
        tweet_id=pl.when(number > 0).then(number),
        event_time=pl.when(shaped).then(moment),
        time_missing=_blank("date") | _blank("time"),
    )


def _columns(typed: pl.DataFrame, topic: str) -> pl.DataFrame:
    place = pl.concat_str(pl.lit(topic), "partition", "offset", separator="-")
    return typed.select(
        "partition",
        "offset",
        "kafka_timestamp",
        "tweet_id",
        "event_time",
        topic=pl.lit(topic),
        event_id=pl.coalesce(pl.col("tweet_id").cast(pl.String), place),
        lang=_none_if_blank(pl.col("lang")),
        country_code=_none_if_blank(pl.coalesce("country_code", "country_place")),
        rule_version=pl.lit(RULE_VERSION, pl.Int32),
    )


def _reasons(judged: pl.DataFrame) -> pa.Array:
    """All reasons of each row; lists are built for the few rows that have any."""
    checks = {
        Reason.ID_INVALID: pl.col("tweet_id").is_null(),
        Reason.TIME_MISSING: pl.col("time_missing"),
        Reason.TIME_UNREADABLE: ~pl.col("time_missing") & pl.col("event_time").is_null(),
        Reason.TIME_IN_FUTURE: pl.col("event_time")
        > pl.col("kafka_timestamp") + pl.duration(seconds=CLOCK_TOLERANCE_SECONDS),
    }
    has_form = pl.col("form").is_not_null()
    found = judged.with_row_index("at").filter(has_form | pl.any_horizontal(*checks.values()))
    names = pl.concat_list(
        "form", *(pl.when(~has_form & check).then(pl.lit(reason.value)) for reason, check in checks.items())
    )
    lists = found.select("at", reasons=names.list.drop_nulls())
    lengths = np.zeros(len(judged) + 1, dtype=np.int32)
    lengths[lists["at"].to_numpy() + 1] = lists["reasons"].list.len().to_numpy()
    flat = lists["reasons"].explode(empty_as_null=False).to_arrow().cast(pa.string())
    return pa.ListArray.from_arrays(pa.array(np.cumsum(lengths, dtype=np.int32)), flat)


def _blank(name: str) -> pl.Expr:
    return (pl.col(name).str.strip_chars(" ") == "").fill_null(value=True)


def _none_if_blank(text: pl.Expr) -> pl.Expr:
    trimmed = text.str.strip_chars(" ")
    return pl.when(trimmed != "").then(trimmed)
