"""Bronze read without Spark, in pieces, by the versions that a batch covers: for what is kept beside Spark's state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from deltalake import DeltaTable as DeltaLog

from tideline.lake import open_log
from tideline.settings import Settings


class Landed:
    """The rows of a source's bronze table, opened once and brought up to date when it is asked for its log.

    Args:
        settings: where the table lies.
        source: tweets or emissions.
    """

    def __init__(self, settings: Settings, source: str) -> None:
        self._settings, self._source = settings, source
        self._log: DeltaLog | None = None

    def newest(self) -> DeltaLog:
        """The table as it stands."""
        if self._log is None:
            self._log = open_log(self._settings, f"bronze.{self._source}")
        else:
            self._log.update_incremental()
        return self._log

    def up_to(self, version: int, columns: Sequence[str]) -> Iterator[pa.Table]:
        """All rows that the table held at a version; none at version -1."""
        if version >= 0:
            dataset = open_log(self._settings, f"bronze.{self._source}", version).to_pyarrow_dataset()
            for batch in dataset.to_batches(columns=[*columns]):
                yield pa.table(batch)

    def between(self, since: int, version: int, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows that came after one version, up to another, which is later and which the table has."""
        # It takes names for SQL.
        names = [f'"{name}"' for name in columns]
        changes = self.newest().load_cdf(starting_version=since + 1, ending_version=version, columns=names)
        for batch in pa.RecordBatchReader.from_stream(changes):
            yield pa.table(batch).select([*columns])
