"""A digest of a table's rows in any order, by pyarrow and NumPy alone: no engine that takes part computes it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import reduce

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake import DeltaTable

from bench.rivals.contest import Proof

DOUBLE_PLACES = 6
"""Doubles are compared to so many places: the last bits depend on the order of an addition."""

Hashes = npt.NDArray[np.uint64]

NULL = np.uint64(0x9E3779B97F4A7C15)
"""The hash of a null; that of the integer 0 is 0."""


def digest(batches: Iterable[pa.RecordBatch]) -> Proof:
    """How many rows there are, and the sum of their hashes: two tables with the same rows, however often, agree.

    Args:
        batches: all of one table; columns count by name, and decimals by value, whatever their precision.

    >>> one = pa.record_batch({"a": [1, 2], "b": ["x", None]})
    >>> other = pa.record_batch({"b": [None, "x"], "a": [2, 1]})
    >>> digest([one]) == digest([other]), digest([one]) == digest([other, other])
    (True, False)
    """
    rows, total = 0, 0
    for batch in batches:
        hashes = row_hashes(batch)
        rows, total = rows + len(hashes), (total + int(hashes.sum(dtype=np.uint64))) % 2**64
    return Proof(rows, f"{total:016x}")


def rows_of(path: str) -> pads.Dataset:
    """A Delta table in a folder: deltalake names the files, pyarrow reads them itself.

    Not ``to_pyarrow_dataset``: it reads through Python, and its threads abort a process that ends at once.
    """
    return pads.dataset(DeltaTable(path).file_uris(), format="parquet")


def digest_tables(paths: Iterable[str]) -> Proof:
    """The rows of several Delta tables; which table has which rows counts."""
    found = {path: digest(rows_of(path).to_batches()) for path in paths}
    return Proof(sum(proof.rows for proof in found.values()), "-".join(proof.checksum for proof in found.values()))


def row_hashes(batch: pa.RecordBatch) -> Hashes:
    """A 64-bit hash of each row."""
    names = sorted(batch.schema.names)
    columns = (_column_hashes(batch.column(name)) for name in names)
    # Mixed after each column, or values could change places between two of them.
    return reduce(lambda left, right: _mixed(left + right), columns, np.zeros(len(batch), np.uint64))


def _column_hashes(column: pa.Array) -> Hashes:
    known = column.is_valid().to_numpy(zero_copy_only=False)
    hashes = _text(column) if _is_text(column.type) else _mixed(_integers(column))
    return np.where(known, hashes, NULL)


def _is_text(of: pa.DataType) -> bool:
    return any((pa.types.is_string(of), pa.types.is_large_string(of), pa.types.is_string_view(of)))


def _text(column: pa.Array) -> Hashes:
    """Each different text is hashed once."""
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    encoded = column.dictionary_encode()
    words = encoded.dictionary.to_numpy(zero_copy_only=False)
    hashes: Hashes = pd.util.hash_array(words, categorize=False) if len(words) else np.zeros(1, np.uint64)
    places: npt.NDArray[np.int32] = pc.fill_null(encoded.indices, 0).to_numpy()
    return hashes[places]


def _integers(column: pa.Array) -> Hashes:
    kind = column.type
    if pa.types.is_decimal(kind):
        return _unscaled(column)
    if pa.types.is_floating(kind):
        values: npt.NDArray[np.float64] = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False)
        return np.rint(values * 10.0**DOUBLE_PLACES).astype(np.int64).view(np.uint64)
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz))
    elif pa.types.is_date(kind):
        column = column.cast(pa.int32())
    whole: npt.NDArray[np.int64] = pc.fill_null(column.cast(pa.int64()), 0).to_numpy()
    return whole.view(np.uint64)


def _unscaled(column: pa.Array) -> Hashes:
    """Both halves of the 128 bits of each decimal, at its scale."""
    whole = pc.fill_null(column.cast(pa.decimal128(38, column.type.scale)), Decimal(0))
    halves = np.frombuffer(whole.buffers()[1], np.uint64).reshape(-1, 2)[whole.offset : whole.offset + len(whole)]
    return _mixed(halves[:, 0]) + halves[:, 1]


def _mixed(values: Hashes) -> Hashes:
    hashes: Hashes = pd.util.hash_array(np.ascontiguousarray(values), categorize=False)
    return hashes
