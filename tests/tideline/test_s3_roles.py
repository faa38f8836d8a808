"""What the policies say; tests/integration/test_s3_roles.py tries it."""

from __future__ import annotations

from tideline.s3_roles import Role, policy
from tideline.settings import Settings


def allowed(settings: Settings, role: Role, action: str, effect: str = "Allow") -> set[str]:
    """The resources for which a role's policy has this effect on an action."""
    statements = policy(settings, role)["Statement"]
    return {r for s in statements if s["Effect"] == effect and action in s["Action"] for r in s["Resource"]}


def test_each_role_may_delete_only_where_it_must() -> None:
    settings = Settings(warehouse="s3a://lake/demo")
    deletes = {role: allowed(settings, role, "s3:DeleteObject") for role in Role}
    assert deletes == {
        Role.STREAM: {"arn:aws:s3:::lake/demo/_checkpoints/*"},
        Role.MAINTENANCE: {"arn:aws:s3:::lake/demo/*"},
        Role.INGEST: set(),
        Role.READER: set(),
    }
    denied = allowed(settings, Role.MAINTENANCE, "s3:PutObject", "Deny")
    assert denied == {"arn:aws:s3:::lake/demo/_checkpoints/*"}


def test_the_stream_writes_its_own_tables_and_none_of_what_others_say_of_them() -> None:
    settings = Settings(warehouse="s3a://lake/demo")
    folders = {"bronze/*", "live/*", "ops/progress/*", "_tideline/*", "_checkpoints/*"}
    assert allowed(settings, Role.STREAM, "s3:PutObject") == {f"arn:aws:s3:::lake/demo/{name}" for name in folders}


def test_who_ingests_sees_the_landing_zone_only() -> None:
    settings = Settings(warehouse="s3a://lake/demo")
    landing = "arn:aws:s3:::lake/demo/landing/*"
    assert allowed(settings, Role.INGEST, "s3:PutObject") == {landing}
    assert {r for r in allowed(settings, Role.INGEST, "s3:GetObject") if "*" in r} == {landing}


def test_checkpoints_in_a_folder_are_nothing_to_the_store() -> None:
    settings = Settings(warehouse="s3a://lake/demo", checkpoints="/fast")
    assert {role: allowed(settings, role, "s3:DeleteObject") for role in Role} == {
        Role.STREAM: set(),
        Role.MAINTENANCE: {"arn:aws:s3:::lake/demo/*"},
        Role.INGEST: set(),
        Role.READER: set(),
    }
    assert allowed(settings, Role.MAINTENANCE, "s3:PutObject", "Deny") == set()


def test_checkpoints_in_a_bucket_of_their_own_are_listed_too() -> None:
    settings = Settings(warehouse="s3a://lake/demo", checkpoints="s3a://progress")
    assert allowed(settings, Role.STREAM, "s3:ListBucket") == {"arn:aws:s3:::lake", "arn:aws:s3:::progress"}
    assert allowed(settings, Role.STREAM, "s3:DeleteObject") == {"arn:aws:s3:::progress/*"}
