"""How far a streaming query is: its checkpoint, as Spark wrote it. No Spark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tideline.errors import CheckpointError
from tideline.storage import Storage


@dataclass(frozen=True)
class Checkpoint:
    """What a query committed last and what it had planned beyond that: Spark's own source offsets, from JSON.

    ``begun`` is where its newest planned batch begins; None for the first one.
    """

    committed: dict[str, Any] | None
    planned: dict[str, Any] | None
    begun: dict[str, Any] | None = None


def read_checkpoint(storage: Storage, query: str) -> Checkpoint | None:
    """Read a query's checkpoint; None when there is none.

    Args:
        storage: the checkpoints of all queries.
        query: the query's folder there.

    Raises:
        CheckpointError: a file of it is missing or cannot be read.
    """
    if not storage.holds(query):
        return None
    try:
        json.loads(storage.read(f"{query}/metadata"))
        committed, planned = _batches(storage, f"{query}/commits"), _batches(storage, f"{query}/offsets")
        if committed and committed[-1] not in planned:
            msg = f"batch {committed[-1]} was committed but its offsets are gone"
            raise ValueError(msg)
        return Checkpoint(
            _read_offset(storage, f"{query}/offsets/{committed[-1]}") if committed else None,
            _read_offset(storage, f"{query}/offsets/{planned[-1]}") if planned else None,
            _read_offset(storage, f"{query}/offsets/{planned[-1] - 1}") if planned and planned[-1] else None,
        )
    except (OSError, ValueError, IndexError) as err:
        msg = (
            f"the checkpoint {storage.where}/{query} is damaged ({err}); remove it, and the stream goes on after what "
            "its table holds"
        )
        raise CheckpointError(msg) from err


def planned_offset(storage: Storage, query: str, batch: int) -> dict[str, Any]:
    """The source's offset up to which a batch reads; Spark writes it down before the batch begins."""
    return _read_offset(storage, f"{query}/offsets/{batch}")


def drop_checkpoint(storage: Storage, query: str) -> None:
    """Forget a query's progress; what a crash leaves of it is known for damaged, since its metadata go first."""
    storage.drop(query, first=("metadata",))


def _batches(storage: Storage, folder: str) -> list[int]:
    return sorted(int(name) for name in storage.names(folder) if name[0].isdigit())


def _read_offset(storage: Storage, file: str) -> dict[str, Any]:
    """The source's offset of a batch: the third line, after the version and the batch's metadata."""
    offset = json.loads(storage.read(file).decode().splitlines()[2])
    if not isinstance(offset, dict):
        msg = f"{file} holds no offset"
        raise ValueError(msg)
    return offset


def processed_version(source: dict[str, Any]) -> int:
    """The newest version of a Delta table of which a query has read all rows; -1 when there is none.

    Args:
        source: Spark's offset in a Delta table. It names the version that comes next, or that is read just now.
    """
    return -1 if source["isStartingVersion"] else int(source["reservoirVersion"]) - 1


def first_version_needed(checkpoint: Checkpoint) -> int | None:
    """The oldest version of a Delta table that the log must hold for a query to go on; None if it never began.

    Spark plans the newest batch again when it starts a query, also one that is done: the log is read from that batch's
    beginning, and for the first batch from the snapshot that it read. Data are read of unfinished batches only.
    """
    if checkpoint.planned is None:
        return None
    if checkpoint.begun is not None:
        return int(checkpoint.begun["reservoirVersion"])
    version = int(checkpoint.planned["reservoirVersion"])
    return version if checkpoint.planned["isStartingVersion"] else version - 1
