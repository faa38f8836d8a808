"""Which S3 store the settings mean where they do not say: the usual AWS variables, then this home's own MinIO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tideline.private_file import read_private
from tideline.settings import Settings

ROOT_USER = "MINIO_ROOT_USER"
ROOT_PASSWORD = "MINIO_ROOT_PASSWORD"  # noqa: S105 - the name of a variable


def root_file(home: Path) -> Path:
    """The credentials of the home's own MinIO, as the variables that the server reads itself; mode 0600."""
    return home / "minio.env"


def with_store(settings: Settings, variables: Mapping[str, str]) -> Settings:
    """Fill endpoint, region and credentials that the settings leave unsaid; folders need none.

    Args:
        settings: as the user set them.
        variables: such as ``os.environ``.
    """
    if not settings.on_s3:
        return settings
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    if region and "TIDELINE_S3_REGION" not in variables:
        settings = replace(settings, s3_region=region)
    if settings.s3_endpoint:
        return settings
    endpoint = variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL")
    if endpoint:
        return replace(settings, s3_endpoint=endpoint.rstrip("/"))
    return with_embedded(settings) if root_file(settings.home).exists() else settings


def with_embedded(settings: Settings) -> Settings:
    r"""The settings of the home's own MinIO; its own credentials, unless the settings name others.

    >>> from tempfile import mkdtemp
    >>> home = Path(mkdtemp())
    >>> root_file(home).write_text("MINIO_ROOT_USER=a\nMINIO_ROOT_PASSWORD=b\n") and None
    >>> found = with_embedded(Settings(home=home, minio_port=9))
    >>> found.s3_endpoint, found.s3_access_key
    ('http://127.0.0.1:9', 'a')
    """
    endpoint = f"http://127.0.0.1:{settings.minio_port}"
    if settings.s3_access_key:
        return replace(settings, s3_endpoint=endpoint)
    root = read_private(root_file(settings.home))
    return replace(settings, s3_endpoint=endpoint, s3_access_key=root[ROOT_USER], s3_secret_key=root[ROOT_PASSWORD])
