"""Counts from bronze by an independent reader: deltalake and pandas, no Spark and none of the product's code."""

from __future__ import annotations

from collections import Counter

import pandas as pd
from deltalake import DeltaTable

from tideline.lake import table_path
from tideline.s3 import storage_options
from tideline.settings import Settings


def read(settings: Settings, name: str) -> pd.DataFrame:
    """A table as pandas sees it."""
    return DeltaTable(table_path(settings, name), storage_options=storage_options(settings)).to_pandas()


def first_events(bronze: pd.DataFrame) -> pd.DataFrame:
    """The valid row with the lowest Kafka time, partition and offset of each event."""
    valid = bronze[bronze.reasons.str.len() == 0]
    return valid.sort_values(["kafka_timestamp", "partition", "offset"]).drop_duplicates("event_id")


def assert_conserved(settings: Settings, source: str, records: int) -> None:
    """Every offset from the first to the last is in bronze, once."""
    bronze = read(settings, f"bronze.{source}")
    assert len(bronze) == records
    for partition, offsets in bronze.groupby("partition").offset:
        assert sorted(offsets) == list(range(len(offsets))), f"partition {partition} has gaps or doubles"


def assert_live_counts(settings: Settings, source: str) -> None:
    """The live tables hold what a recount of bronze gives, window by window."""
    events = first_events(read(settings, f"bronze.{source}"))
    if source == "tweets":
        hour, day, dimensions = events.event_time, events.event_time, ["lang", "country_code"]
    else:
        hour, day, dimensions = events.kafka_timestamp, pd.to_datetime(events.date), ["country", "device"]
    name = source.removesuffix("s")
    for period, time, rule in (("hourly", hour, "h"), ("daily", day, "D")):
        start = time.dt.floor(rule).dt.tz_localize(None)
        expected = Counter(_keys(start, events[dimensions]))
        table = read(settings, f"live.{name}_counts_{period}")
        keys = _keys(pd.to_datetime(table.window_start, utc=True).dt.tz_localize(None), table[dimensions])
        assert len(keys) == len(set(keys))
        assert dict(zip(keys, table[source], strict=True)) == dict(expected)


def _keys(start: pd.Series, dimensions: pd.DataFrame) -> list[tuple[object, ...]]:
    known = dimensions.astype(object).where(dimensions.notna(), None)
    return list(zip(start, *(known[name] for name in known), strict=True))
