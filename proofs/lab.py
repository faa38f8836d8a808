"""Where experiments happen: scratch tables in the warehouse, deleted afterwards; what is in them, by another reader."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from tideline.minio import BUCKET, minio_status, start_minio, stop_minio
from tideline.s3 import ensure_buckets, storage_options
from tideline.s3_settings import with_embedded
from tideline.settings import S3A, Settings
from tideline.storage import open_storage

FOLDER = "_proofs"
"""Of the scratch tables, in the warehouse."""

HEAP = "512m"


@dataclass(frozen=True)
class Outcome:
    """What an experiment found.

    ``lost`` were acknowledged and are not in the table, ``twice`` are there more than once; ``remark`` says what else
    happened. A demonstration shows what goes wrong without Tideline's log stores, so it may lose.
    """

    experiment: str
    store: str
    log_store: str
    acknowledged: int
    lost: int
    twice: int
    seconds: float
    remark: str = ""
    demonstration: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and nothing is there twice."""
        return self.lost == self.twice == 0 and self.acknowledged > 0


@dataclass(frozen=True)
class Lab:
    """Scratch space for experiments.

    ``settings`` are those of the drivers, ``seen`` those of the reader, which goes around any proxy; ``work`` holds
    the drivers' logs; ``root`` is the folder or prefix of the scratch tables.
    """

    settings: Settings
    seen: Settings
    work: Path
    root: str

    @property
    def store(self) -> str:
        """The kind of store."""
        return "S3" if self.root.startswith(S3A) else "folder"

    def through(self, endpoint: str) -> Lab:
        """The same scratch space, seen by the drivers through a proxy."""
        return replace(self, settings=replace(self.settings, s3_endpoint=endpoint))

    def new_path(self) -> str:
        """Where a table may come to lie."""
        return f"{self.root}/{uuid4().hex}"

    def new_table(self) -> str:
        """The path of an empty table, so that racing drivers need not create it: two creators conflict by design."""
        path = self.new_path()
        columns = pa.schema([("id", pa.int64()), ("writer", pa.string())])
        write_deltalake(path, columns.empty_table(), storage_options=storage_options(self.seen))
        return path

    def rows(self, table: str, columns: Sequence[str]) -> Counter[tuple[object, ...]]:
        """How often each row is in the table; read without Spark."""
        data = DeltaTable(table, storage_options=storage_options(self.seen)).to_pyarrow_table(columns=list(columns))
        return Counter(zip(*(data[column].to_pylist() for column in columns), strict=True))


@contextmanager
def scratch(settings: Settings) -> Iterator[Lab]:
    """A lab in the warehouse of these settings; its tables are deleted at the end."""
    (settings.home / "logs").mkdir(parents=True, exist_ok=True)
    small = replace(settings, spark_master="local[1]", driver_memory=HEAP)
    name = uuid4().hex
    with TemporaryDirectory(dir=settings.home / "logs", prefix="proofs-") as work:
        try:
            yield Lab(small, settings, Path(work), f"{settings.warehouse}/{FOLDER}/{name}")
        finally:
            open_storage(settings, settings.warehouse).drop(f"{FOLDER}/{name}")


@dataclass(frozen=True)
class Victim:
    """A MinIO that may be killed."""

    settings: Settings
    program: Path

    def kill(self) -> None:
        """End it as a power cut does, and start it again on the same data."""
        pid = minio_status(self.settings).pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        start_minio(self.settings, self.program)


@contextmanager
def own_minio(settings: Settings, program: Path) -> Iterator[Victim]:
    """A MinIO of the experiment's own, so that nobody else's is hurt; gone at the end."""
    (settings.home / "logs").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=settings.home / "logs", prefix="proofs-minio-") as folder:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        home = replace(settings, home=Path(folder), minio_port=port, s3_access_key="", s3_secret_key="")
        start_minio(home, program)
        try:
            own = replace(with_embedded(home), warehouse=f"{S3A}{BUCKET}/lake", checkpoints="")
            ensure_buckets(own)
            yield Victim(own, program)
        finally:
            stop_minio(home)
