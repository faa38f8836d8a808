"""Which store is meant: what is set, then the AWS variables, then the home's own MinIO, then Amazon's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.s3 import credential_variables, endpoint_url, ensure_buckets, storage_options
from tideline.s3_settings import root_file, with_store
from tideline.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that has a MinIO of its own."""
    root_file(tmp_path).write_text("MINIO_ROOT_USER=root\nMINIO_ROOT_PASSWORD=secret\n")
    return tmp_path


def store(home: Path, variables: dict[str, str]) -> tuple[str | None, str, str]:
    """Endpoint, region and access key that these variables lead to."""
    all_variables = {"TIDELINE_HOME": str(home), "TIDELINE_WAREHOUSE": "s3a://lake/x"} | variables
    found = with_store(Settings.from_mapping(all_variables), all_variables)
    return endpoint_url(found), found.s3_region, found.s3_access_key


def test_the_homes_own_minio_is_found_with_its_credentials(home: Path) -> None:
    assert store(home, {}) == ("http://127.0.0.1:19000", "us-east-1", "root")
    assert store(home, {"TIDELINE_MINIO_PORT": "9"}) == ("http://127.0.0.1:9", "us-east-1", "root")


def test_a_role_of_the_homes_own_minio_keeps_its_keys(home: Path) -> None:
    keys = {"TIDELINE_S3_ACCESS_KEY": "reader", "TIDELINE_S3_SECRET_KEY": "r"}
    assert store(home, keys) == ("http://127.0.0.1:19000", "us-east-1", "reader")


def test_what_is_set_comes_first_and_amazon_can_be_named(home: Path) -> None:
    aws = {"AWS_ENDPOINT_URL": "https://other:9000/", "AWS_REGION": "eu-west-1"}
    assert store(home, aws) == ("https://other:9000", "eu-west-1", "")
    assert store(home, {"AWS_DEFAULT_REGION": "eu-west-3", "TIDELINE_S3_ENDPOINT": "aws"}) == (None, "eu-west-3", "")
    both = aws | {"TIDELINE_S3_ENDPOINT": "http://mine:1", "TIDELINE_S3_REGION": "eu-west-2"}
    assert store(home, both) == ("http://mine:1", "eu-west-2", "")


def test_without_anything_it_is_amazon(tmp_path: Path) -> None:
    assert store(tmp_path, {}) == (None, "us-east-1", "")


def test_a_folder_needs_no_store_and_no_credentials(home: Path) -> None:
    settings = with_store(Settings(home=home), {"AWS_ENDPOINT_URL": "https://other:9000", "AWS_REGION": "eu-west-1"})
    assert settings == Settings(home=home)
    assert (storage_options(settings), credential_variables(settings), ensure_buckets(settings)) == (None, {}, [])
