"""Access to the S3 store: who we are, one client, and what `deltalake` and a JVM need to know of it.

Credentials are read anew each time and never become part of Spark's configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import urllib3
from minio import Minio, S3Error
from minio.credentials.credentials import Credentials
from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider, Provider, StaticProvider
from minio.error import MinioException

from tideline.errors import StoreError
from tideline.settings import AWS, S3A, Settings

AWS_HOST = "s3.amazonaws.com"

_TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)
_RETRIES = urllib3.Retry(total=4, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504), raise_on_status=False)


def endpoint_url(settings: Settings) -> str | None:
    """The store's URL; None for Amazon's own."""
    return None if settings.s3_endpoint in {"", AWS} else settings.s3_endpoint


def split_path(path: str) -> tuple[str, str]:
    """Bucket and key of a path on S3.

    >>> split_path("s3a://lake/demo/bronze")
    ('lake', 'demo/bronze')
    """
    bucket, _, key = path.partition("://")[2].partition("/")
    return bucket, key


def provider(settings: Settings) -> Provider:
    """Where the credentials come from: the settings, else the AWS variables, else the AWS profile."""
    if settings.s3_access_key:
        return StaticProvider(settings.s3_access_key, settings.s3_secret_key)
    return ChainedProvider([EnvAWSProvider(), AWSConfigProvider()])


def credentials(settings: Settings) -> Credentials:
    """The credentials as they are now.

    Raises:
        StoreError: there are none.
    """
    try:
        return provider(settings).retrieve()
    except ValueError as err:
        msg = (
            f"there are no credentials for {settings.warehouse}: set TIDELINE_S3_ACCESS_KEY and "
            "TIDELINE_S3_SECRET_KEY, or the AWS variables, or a profile in ~/.aws/credentials; `tideline up --s3` "
            "makes a store with its own"
        )
        raise StoreError(msg) from err


def credential_variables(settings: Settings) -> dict[str, str]:
    """The variables by which a JVM gets the credentials; none while nothing lies on S3.

    Raises:
        StoreError: there are no credentials.
    """
    if not settings.on_s3:
        return {}
    found = credentials(settings)
    token = {"AWS_SESSION_TOKEN": found.session_token} if found.session_token else {}
    return {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key} | token


def storage_options(settings: Settings) -> dict[str, str] | None:
    """What the package ``deltalake`` needs to open a table of the warehouse; None for a folder.

    Raises:
        StoreError: there are no credentials.
    """
    if not settings.warehouse.startswith(S3A):
        return None
    url = endpoint_url(settings)
    endpoint = {"AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": str(url.startswith("http:")).lower()} if url else {}
    return {
        **credential_variables(settings),
        **endpoint,
        "AWS_REGION": settings.s3_region,
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": str(not settings.s3_path_style).lower(),
    }


def client(settings: Settings, retries: urllib3.Retry = _RETRIES) -> Minio:
    """A client of the store.

    Raises:
        StoreError: there are no credentials.
    """
    credentials(settings)
    url = urlsplit(endpoint_url(settings) or f"https://{AWS_HOST}")
    made = Minio(
        endpoint=url.netloc,
        credentials=provider(settings),
        secure=url.scheme == "https",
        region=settings.s3_region,
        http_client=http(retries),
    )
    if settings.s3_path_style:
        made.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
    else:
        made.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
    return made


def http(retries: urllib3.Retry = _RETRIES) -> urllib3.PoolManager:
    """Connections to the store, with bounds on how long they are waited for."""
    return urllib3.PoolManager(timeout=_TIMEOUT, retries=retries)


@contextmanager
def store_errors(settings: Settings, what: str) -> Iterator[None]:
    """Turn the client's errors into one sentence.

    Args:
        settings: name the store.
        what: what was asked, such as ``reading s3a://lake/x``.

    Raises:
        StoreError: the store cannot be reached or refuses.
    """
    where = endpoint_url(settings) or f"https://{AWS_HOST}"
    try:
        yield
    except S3Error as err:
        msg = f"{what} at {where} was refused ({err.code}: {err.message}); check the credentials and their policy"
        raise StoreError(msg) from err
    except (urllib3.exceptions.HTTPError, MinioException) as err:
        msg = (
            f"{what} failed: {where} does not answer ({type(err).__name__}); `tideline up --s3` starts the embedded "
            "store, TIDELINE_S3_ENDPOINT names another"
        )
        raise StoreError(msg) from err


def ensure_buckets(settings: Settings) -> list[str]:
    """Create the buckets of tables and checkpoints where they are missing; nothing is asked of folders.

    Returns:
        The buckets that were made.

    Raises:
        StoreError: a bucket is missing and may not be made, or the store cannot be reached.
    """
    if not settings.on_s3:
        return []
    buckets = {split_path(path)[0] for path in (settings.warehouse, settings.checkpoints) if path.startswith(S3A)}
    made = client(settings)
    return [bucket for bucket in sorted(buckets) if _ensure_bucket(made, settings, bucket)]


def _ensure_bucket(made: Minio, settings: Settings, bucket: str) -> bool:
    with store_errors(settings, f"looking for the bucket {bucket}"):
        if made.bucket_exists(bucket_name=bucket):
            return False
    with store_errors(settings, f"creating the bucket {bucket}"):
        try:
            made.make_bucket(bucket_name=bucket)
        except S3Error as err:
            # Another process was faster.
            if err.code != "BucketAlreadyOwnedByYou":
                raise
    return True
