"""Who may do what in the store: one MinIO user and policy per role, with secrets that only files of mode 0600 hold.

Producers have no role of their own: what they read of the store, any reader may.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import MinioAdmin
from minio.error import MinioAdminException

from tideline.errors import StoreError
from tideline.private_file import create_private, read_private
from tideline.race import PROBE_FOLDER
from tideline.s3 import endpoint_url, ensure_buckets, provider, split_path
from tideline.schemas import TABLES
from tideline.settings import S3A, Settings

_READ = ("s3:GetObject",)
_WRITE = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_DELETE = ("s3:DeleteObject",)
_ADMIN_RETRIES = urllib3.Retry(total=2, backoff_factor=0.2)


class Role(StrEnum):
    """Whose credentials; each a process of its own."""

    STREAM = "stream"
    MAINTENANCE = "maintenance"
    INGEST = "ingest"
    READER = "reader"


@dataclass(frozen=True)
class Keys:
    """A role's credentials, and the file that has them."""

    role: Role
    file: Path
    access_key: str
    secret_key: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Keys({self.role}, {self.file})"


def bootstrap(settings: Settings, folder: Path) -> list[Keys]:
    """Create the buckets, and a user and a policy for each role; what is there already is brought up to date.

    Args:
        settings: a warehouse on S3, and the credentials of one who may make users.
        folder: gets a file of settings for each role; users whose file exists keep their keys.

    Raises:
        StoreError: nothing lies on S3, or the store is no MinIO, cannot be reached, or refuses.
    """
    admin = _admin(settings)
    ensure_buckets(settings)
    made = [_read_or_make_keys(settings, role, folder / f"s3-{role}.env") for role in Role]
    for keys in made:
        name = keys.access_key
        try:
            admin.user_add(name, keys.secret_key)
            admin.policy_add(name, policy=policy(settings, keys.role))
            admin.policy_set(name, user=name)
        except MinioAdminException as err:
            told = re.search(r'"Message":"([^"]*)"', str(err))
            why = told[1] if told else str(err).strip()
            msg = f"{settings.s3_endpoint} refuses to make the user {name} ({why}); use the root's credentials"
            raise StoreError(msg) from err
        except urllib3.exceptions.HTTPError as err:
            msg = f"{settings.s3_endpoint} does not answer ({type(err).__name__}); `tideline up --s3` starts the store"
            raise StoreError(msg) from err
    return made


def policy(settings: Settings, role: Role) -> dict[str, Any]:
    """What a role may do, in the policy language of S3.

    The stream adds to its own tables and never deletes there: what a stolen key of its can destroy is its own progress.
    Maintenance may delete everywhere but in the checkpoints, which it cannot even change. Who ingests deals with the
    web, and so sees the landing zone only.
    """
    tables, checkpoints = f"{settings.warehouse}/", f"{settings.checkpoints}/"
    statements = [
        _allow(("s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"), _buckets(settings)),
        # Delta looks above a table whether that lies within another one.
        _allow(
            _READ,
            [
                _arn(f"{tables}landing/*" if role is Role.INGEST else f"{tables}*"),
                *(_arn(f"{above}/_delta_log") for above in _above(settings.warehouse)),
            ],
        ),
    ]
    if role is Role.STREAM:
        statements += [
            _allow(_WRITE, [_arn(f"{tables}{folder}/*") for folder in (*_folders_of_the_stream(), PROBE_FOLDER)]),
            _allow((*_READ, *_WRITE, *_DELETE), _s3_only([checkpoints])),
        ]
    elif role is Role.MAINTENANCE:
        statements += [
            _allow((*_WRITE, *_DELETE), [_arn(f"{tables}*")]),
            # How far a live query is decides on what may go.
            _allow(_READ, _s3_only([checkpoints])),
            {"Effect": "Deny", "Action": [*_WRITE, *_DELETE], "Resource": _s3_only([checkpoints])},
        ]
    elif role is Role.INGEST:
        statements.append(_allow(_WRITE, [_arn(f"{tables}landing/*")]))
    return {"Version": "2012-10-17", "Statement": [s for s in statements if s["Resource"]]}


def _folders_of_the_stream() -> list[str]:
    """Schemas that are the stream's alone, where its leases lie, too; of another one its own tables."""
    own = {table.name for table in TABLES.values() if table.written_by == "stream"}
    shared = {table.schema for table in TABLES.values() if table.name not in own}
    return sorted({name.replace(".", "/") if TABLES[name].schema in shared else TABLES[name].schema for name in own})


def _above(path: str) -> list[str]:
    """The paths above one on S3, up to its bucket."""
    parts = path.removeprefix(S3A).split("/")
    return [S3A + "/".join(parts[:length]) for length in range(1, len(parts))]


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _buckets(settings: Settings) -> list[str]:
    paths = [path for path in (settings.warehouse, settings.checkpoints) if path.startswith(S3A)]
    return sorted({f"arn:aws:s3:::{split_path(path)[0]}" for path in paths})


def _s3_only(paths: Sequence[str]) -> list[str]:
    """Checkpoints may lie in a folder, of which the store knows nothing."""
    return [_arn(f"{path}*") for path in paths if path.startswith(S3A)]


def _arn(path: str) -> str:
    return f"arn:aws:s3:::{path.removeprefix(S3A)}"


def _admin(settings: Settings) -> MinioAdmin:
    url = endpoint_url(settings)
    if not settings.warehouse.startswith(S3A) or url is None:
        msg = (
            f"users are made in a MinIO, got TIDELINE_WAREHOUSE={settings.warehouse} and the endpoint "
            f"{url or 'of Amazon'}: `tideline up --s3` starts a MinIO and says how to point TIDELINE_WAREHOUSE at it"
        )
        raise StoreError(msg)
    parts = urlsplit(url)
    return MinioAdmin(
        endpoint=parts.netloc,
        credentials=provider(settings),
        region=settings.s3_region,
        secure=parts.scheme == "https",
        http_client=urllib3.PoolManager(timeout=urllib3.Timeout(connect=5.0, read=30.0), retries=_ADMIN_RETRIES),
    )


def _read_or_make_keys(settings: Settings, role: Role, file: Path) -> Keys:
    if file.exists():
        found = read_private(file)
        return Keys(role, file, found["TIDELINE_S3_ACCESS_KEY"], found["TIDELINE_S3_SECRET_KEY"])
    keys = Keys(role, file, f"{role}-{secrets.token_hex(4)}", secrets.token_urlsafe(30))
    create_private(
        file,
        {
            "TIDELINE_WAREHOUSE": settings.warehouse,
            "TIDELINE_S3_ENDPOINT": settings.s3_endpoint,
            "TIDELINE_S3_ACCESS_KEY": keys.access_key,
            "TIDELINE_S3_SECRET_KEY": keys.secret_key,
        },
    )
    return keys
