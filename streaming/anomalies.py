"""Rows that stand out: what the rules of ``live.anomalies`` say of a valid emission row. Pure, on Arrow, without Spark.

Every verdict is a function of bronze alone: of the row, and for the domain rule of the domain's first events in the
row's Kafka partition, whose order never changes. Batches of any cut, resends and rebuilds give the same flags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streaming.emissions import COMPONENTS, NUMBERS
from tideline.events import EVENT_ORDER
from tideline.rows import arrow_schema
from tideline.schemas import TABLES

SAMPLE_SIZE: Final = 50
"""How many of a domain's first events per partition make its baseline; later ones leave it as it is."""

SAMPLE_MINIMUM: Final = 20
"""With fewer events there is no verdict."""

MISMATCH_THRESHOLD: Final = 0.01
"""Components may differ from the total by this share of it."""

EXTREME_THRESHOLD: Final = 5.0
"""In robust standard deviations of the logarithm. Iglewicz and Hoaglin (1993) take 3.5 for one normal sample; a
baseline of 20 to 50 events is itself uncertain."""

MAD_TO_DEVIATION: Final = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""

SMALLEST_DEVIATION: Final = 0.05
"""In decades: a domain of nearly equal values would otherwise flag each that differs by a hair."""

GROUP: Final = ("domain", "topic", "partition")
"""What has a baseline of its own."""

SAMPLED: Final = ("offset", "event_id", "kafka_timestamp", "date", "totalEmissions")
"""What a baseline keeps of each event of its sample."""

JUDGED: Final = (*GROUP, *SAMPLED, *COMPONENTS, "reasons")
"""What is read of bronze; raw payloads stay where they are."""

ROWS: Final = pa.schema([arrow_schema(TABLES["bronze.emissions"]).field(name) for name in JUDGED])
FLAGS: Final = arrow_schema(TABLES["live.anomalies"])
BASELINES: Final = arrow_schema(TABLES["live.domain_baselines"])

Floats = npt.NDArray[np.float64]
Batches = Callable[[], Iterable[pa.Table]]
"""Called for each pass over the same rows; it gives them in pieces, in any order."""


@dataclass(frozen=True)
class Judgement:
    """What some rows of bronze change.

    Attributes:
        flags: the columns of ``live.anomalies`` and ``is_flagged``: every flag of these rows, and a row for each event
            whose baseline has moved, flagged or not.
        baselines: of the groups whose sample these rows extend, the columns of ``live.domain_baselines``.
    """

    flags: pa.Table
    baselines: pa.Table


def judge(batches: Batches, stored: pa.Table) -> Judgement:
    """Judge rows, and again the samples that they extend. Memory is bounded by a piece, the samples and the flags.

    Args:
        batches: the columns ``JUDGED`` of bronze rows, valid or not.
        stored: ``live.domain_baselines`` before them.
    """
    samples, touched = samples_of(stored), stored.select(GROUP).slice(0, 0)
    for rows in batches():
        samples, groups = extend_samples(samples, sampled_rows(_valid(rows)))
        touched = _groups(pa.concat_tables([touched, groups]))
    open_samples = _of_groups(samples, touched)
    changed = baselines_of(open_samples)
    baselines = with_changed(stored, changed)
    flagged = [FLAGS.empty_table(), *(_flagged(_valid(rows), baselines) for rows in batches())]
    suspects = pa.concat_tables(flagged)["event_id"]
    # An event counts by its first row, and only a look at all rows tells which one that is.
    copies = (rows.filter(pc.is_in(rows["event_id"], suspects)) for rows in map(_valid, batches()))
    flags = _flagged(_first(pa.concat_tables([ROWS.empty_table(), *copies]), ("event_id",)), baselines)
    flags = flags.append_column("is_flagged", pa.array(np.ones(len(flags), dtype=bool)))
    judged_again = flag_extremes(open_samples, changed)
    return Judgement(_first(pa.concat_tables([judged_again, flags]), ("rule", "entity", "event_id")), changed)


def with_changed(baselines: pa.Table, changed: pa.Table) -> pa.Table:
    """Baselines with some replaced, or added."""
    return pa.concat_tables([_of_groups(baselines, changed.select(GROUP), "left anti"), changed])


def sampled_rows(rows: pa.Table) -> pa.Table:
    """What the domain rule looks at: the columns ``GROUP`` and ``SAMPLED`` of the rows with a positive total.

    The rule compares logarithms; a total of zero or less is another rule's business.
    """
    return rows.filter(pc.greater(rows["totalEmissions"], Decimal(0))).select([*GROUP, *SAMPLED])


def extend_samples(samples: pa.Table, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The first ``SAMPLE_SIZE`` distinct events of each group.

    Args:
        samples: those of rows that were seen before, in the columns ``GROUP`` and ``SAMPLED``.
        rows: new rows in the same columns.

    Returns:
        The samples with what of the rows belongs to them, and the groups in which there may be such.
    """
    sizes = samples.group_by([*GROUP]).aggregate([("offset", "count"), ("offset", "max")])
    complete = sizes.filter(pc.greater_equal(sizes["offset_count"], SAMPLE_SIZE)).drop(["offset_count"])
    bounds = rows.join(complete, [*GROUP])
    fresh = bounds.filter(pc.less(bounds["offset"], bounds["offset_max"].fill_null(np.iinfo(np.int64).max)))
    groups = _groups(fresh)
    pooled = pa.concat_tables([_of_groups(samples, groups), fresh.select(samples.column_names)])
    order = pooled.select([*GROUP, "event_id", "offset"]).to_pandas().sort_values("offset")
    first = order.drop_duplicates([*GROUP, "event_id"]).groupby([*GROUP]).head(SAMPLE_SIZE)
    return pa.concat_tables([_of_groups(samples, groups, "left anti"), pooled.take(first.index.to_numpy())]), groups


def samples_of(baselines: pa.Table) -> pa.Table:
    """The rows that baselines were made of, in the columns ``GROUP`` and ``SAMPLED``."""
    baselines = baselines.combine_chunks()
    events = pa.table(pa.RecordBatch.from_struct_array(pc.list_flatten(baselines["sample"]).combine_chunks()))
    groups = baselines.select(GROUP).take(pc.list_parent_indices(baselines["sample"]))
    return pa.table({name: (groups if name in GROUP else events)[name] for name in (*GROUP, *SAMPLED)})


def baselines_of(samples: pa.Table) -> pa.Table:
    """``live.domain_baselines`` from samples, distinct events in the columns ``GROUP`` and ``SAMPLED``."""
    samples = samples.sort_by([(name, "ascending") for name in (*GROUP, "offset")]).combine_chunks()
    groups = samples.select(GROUP).to_pandas()
    starts = np.flatnonzero(~groups.duplicated().to_numpy())
    number = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(samples)))
    logs = pd.Series(_logs(samples))
    medians = logs.groupby(number).median()
    deviations = (logs - medians.to_numpy()[number]).abs().groupby(number).median()
    bounds = pa.array(np.append(starts, len(samples)), pa.int32())
    events = samples.select(SAMPLED).to_struct_array()
    columns = {
        **{name: samples[name].take(starts) for name in GROUP},
        "median": medians.to_numpy(dtype=np.float64),
        "deviation": deviations.to_numpy(dtype=np.float64),
        "sample": pa.ListArray.from_arrays(bounds, events.combine_chunks()),
    }
    return pa.table(columns).select(BASELINES.names).cast(BASELINES)


def flag_rows(rows: pa.Table) -> pa.Table:
    """Flags that need the row alone: components against the total, and negative values.

    Args:
        rows: distinct valid bronze rows.

    Returns:
        The columns of ``live.anomalies``.
    """
    return pa.concat_tables([_component_mismatches(rows), _negative_values(rows)])


def flag_extremes(sampled: pa.Table, baselines: pa.Table) -> pa.Table:
    """Judge rows against their domain's baseline.

    Args:
        sampled: the columns ``GROUP`` and ``SAMPLED`` of rows with a positive total.
        baselines: rows of ``live.domain_baselines``.

    Returns:
        The columns of ``live.anomalies`` and ``is_flagged``, one row for each row judged; those without a baseline of
        enough events are left out.
    """
    known = baselines.filter(pc.greater_equal(pc.list_value_length(baselines["sample"]), SAMPLE_MINIMUM))
    judged = sampled.join(known.select([*GROUP, "median", "deviation"]), [*GROUP], join_type="inner")
    median, deviation = (np.asarray(judged[name], dtype=np.float64) for name in ("median", "deviation"))
    spread = np.maximum(deviation * MAD_TO_DEVIATION, SMALLEST_DEVIATION)
    score = (np.abs(_logs(judged) - median) / spread).round(6)
    rule, total = "extreme for its domain", judged["totalEmissions"]
    found = _anomalies(judged, rule, total, score, EXTREME_THRESHOLD, 10.0**median)
    return found.append_column("is_flagged", pa.array(score > EXTREME_THRESHOLD))


def _component_mismatches(rows: pa.Table) -> pa.Table:
    """The components add up to something more than 1 % off the total."""
    total = _floats(rows["totalEmissions"])
    added = _floats(reduce(pc.add, (rows[name] for name in COMPONENTS)))
    scale = np.abs(np.where(total == 0, added, total))
    # Where both are zero there is nothing to compare with, and nothing wrong.
    score = np.divide(np.abs(added - total), scale, out=np.zeros_like(scale), where=scale > 0).round(6)
    rule = "components differ from the total"
    found = _anomalies(rows, rule, rows["totalEmissions"], score, MISMATCH_THRESHOLD, added)
    return found.filter(pa.array(score > MISMATCH_THRESHOLD))


def _negative_values(rows: pa.Table) -> pa.Table:
    """One of the four emission values is below zero."""
    least = pc.min_element_wise(*(rows[name] for name in NUMBERS))
    score = -_floats(least)
    return _anomalies(rows, "negative value", least, score, 0.0, np.zeros(len(rows))).filter(pa.array(score > 0))


def _anomalies(rows: pa.Table, rule: str, value: Any, score: Floats, threshold: float, baseline: Floats) -> pa.Table:
    own = {
        "rule": pa.repeat(rule, len(rows)),
        "entity": rows["domain"],
        "value": value,
        "score": score,
        "threshold": pa.repeat(threshold, len(rows)),
        "baseline": np.round(baseline, 6),
    }
    return pa.table({name: own[name] if name in own else rows[name] for name in FLAGS.names}).cast(FLAGS)


def _flagged(rows: pa.Table, baselines: pa.Table) -> pa.Table:
    """All flags of distinct valid rows."""
    extremes = flag_extremes(sampled_rows(rows), baselines)
    return pa.concat_tables([flag_rows(rows), extremes.filter(extremes["is_flagged"]).drop(["is_flagged"])])


def _valid(rows: pa.Table) -> pa.Table:
    rows = rows.cast(ROWS)
    return rows.filter(pc.equal(pc.list_value_length(rows["reasons"]), 0))


def _first(rows: pa.Table, key: tuple[str, ...]) -> pa.Table:
    """Of the rows of a key the lowest by ``EVENT_ORDER``."""
    order = rows.select([*key, *EVENT_ORDER]).to_pandas().sort_values([*EVENT_ORDER], kind="stable")
    return rows.take(order.drop_duplicates([*key]).index.to_numpy())


def _groups(rows: pa.Table) -> pa.Table:
    """The groups that rows are of, each once."""
    return rows.select(GROUP).group_by([*GROUP]).aggregate([])


def _of_groups(rows: pa.Table, groups: pa.Table, join: str = "left semi") -> pa.Table:
    """The rows of these groups, or by ``left anti`` those of all others."""
    # Lists cannot go through a join: only the rows' numbers do.
    numbered = rows.select(GROUP).append_column("row", pa.array(np.arange(len(rows))))
    return rows.take(numbered.join(groups, [*GROUP], join_type=join)["row"])


def _logs(rows: pa.Table) -> Floats:
    return np.log10(_floats(rows["totalEmissions"]))


def _floats(column: Any) -> Floats:
    """Decimals of six places, each as the double nearest to it."""
    # Arrow multiplies by 1e-6, which is not exact.
    return np.asarray(column.cast(pa.float64()), dtype=np.float64).round(6)
