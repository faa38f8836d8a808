"""Least privilege, tried in a real MinIO: what each role may do, and above all what it may not."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from producers.landing import land
from tideline.errors import StoreError
from tideline.landing import read_facts
from tideline.private_file import read_private
from tideline.s3 import ensure_buckets
from tideline.s3_roles import Role, bootstrap
from tideline.settings import Settings
from tideline.storage import open_storage

pytestmark = pytest.mark.integration

PLACES = ("bronze/tweets/a", "live/counts/a", "silver/tweets/a", "gold/mart/a", "landing/tweets/a")
PLACES += ("_checkpoints/q/a", "../other/a")


@pytest.fixture(scope="module")
def lake(minio: Settings) -> Settings:
    """A warehouse with an object in every place, beside one of another lake in the same bucket."""
    settings = replace(minio, warehouse=f"{minio.warehouse}/roles", checkpoints="")
    for place in PLACES:
        write(settings, place)
    return settings


@pytest.fixture(scope="module")
def roles(lake: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[Role, Settings]:
    """The lake as each role sees it."""
    made = bootstrap(lake, tmp_path_factory.mktemp("keys"))
    return {k.role: replace(lake, s3_access_key=k.access_key, s3_secret_key=k.secret_key) for k in made}


def folder(settings: Settings, place: str) -> tuple[str, str]:
    """The path of the place's folder, and its object's name there."""
    base = settings.warehouse.rpartition("/")[0] if place.startswith("../") else settings.warehouse
    path, _, name = f"{base}/{place.removeprefix('../')}".rpartition("/")
    return path, name


def write(settings: Settings, place: str) -> None:
    path, name = folder(settings, place)
    open_storage(settings, path).write(name, b"x")


def read(settings: Settings, place: str) -> None:
    path, name = folder(settings, place)
    open_storage(settings, path).read(name)


def delete(settings: Settings, place: str) -> None:
    path, name = folder(settings, place)
    parent, _, last = path.rpartition("/")
    open_storage(settings, parent).drop(last, (name,))


def may(settings: Settings, action: Callable[[Settings, str], None], root: Settings) -> set[str]:
    """The places where an action is not refused; each is whole again afterwards."""
    allowed = set()
    for place in PLACES:
        try:
            action(settings, place)
            allowed.add(place)
        except StoreError as refused:
            if "AccessDenied" not in str(refused):
                raise
        write(root, place)
    return allowed


def test_each_role_may_do_what_it_must_and_nothing_else(lake: Settings, roles: dict[Role, Settings]) -> None:
    landing = {"landing/tweets/a"}
    tables = {"bronze/tweets/a", "live/counts/a", "silver/tweets/a", "gold/mart/a"} | landing
    streamed, checkpoints = {"bronze/tweets/a", "live/counts/a"}, {"_checkpoints/q/a"}
    found = {
        (role, action.__name__): may(settings, action, lake)
        for role, settings in roles.items()
        for action in (read, write, delete)
    }
    assert found == {
        (Role.STREAM, "read"): tables | checkpoints,
        (Role.STREAM, "write"): streamed | checkpoints,
        (Role.STREAM, "delete"): checkpoints,
        (Role.MAINTENANCE, "read"): tables | checkpoints,
        (Role.MAINTENANCE, "write"): tables,
        (Role.MAINTENANCE, "delete"): tables,
        (Role.INGEST, "read"): landing,
        (Role.INGEST, "write"): landing,
        (Role.INGEST, "delete"): set(),
        (Role.READER, "read"): tables | checkpoints,
        (Role.READER, "write"): set(),
        (Role.READER, "delete"): set(),
    }


def test_who_ingests_may_land_a_file(roles: dict[Role, Settings], tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes(b"tweet_id\tdate\ttime\n")
    landed = [land(roles[Role.INGEST], tmp_path / "t.tsv", "tweets") for _ in range(2)]
    assert [each.is_new for each in landed] == [True, False]
    assert read_facts(roles[Role.READER], landed[0].path, "tweets").columns == ("tweet_id", "date", "time")


def test_no_role_may_make_buckets_or_users(lake: Settings, roles: dict[Role, Settings], tmp_path: Path) -> None:
    for role, settings in roles.items():
        with pytest.raises(StoreError, match=r"the bucket stolen at .* was refused"):
            ensure_buckets(replace(settings, warehouse="s3a://stolen", checkpoints=""))
        with pytest.raises(StoreError, match=r"refuses to make the user .* \(Access Denied\.\); use the root's"):
            bootstrap(settings, tmp_path / role)


def test_the_files_are_their_owners_alone_and_a_second_run_keeps_the_secrets(lake: Settings, tmp_path: Path) -> None:
    first, second = bootstrap(lake, tmp_path), bootstrap(lake, tmp_path)
    assert [(k.access_key, k.secret_key) for k in first] == [(k.access_key, k.secret_key) for k in second]
    assert len({k.secret_key for k in first}) == len(Role)
    for keys in first:
        assert stat.S_IMODE(keys.file.stat().st_mode) == 0o600
        assert keys.secret_key not in repr(keys)
        settings = Settings.from_mapping(read_private(keys.file))
        assert (settings.warehouse, settings.s3_endpoint) == (lake.warehouse, lake.s3_endpoint)
