"""The secrets of all services: random, made at the first start, each where only its service mounts it.

Nothing is ever overwritten. A service's folder is a volume of its own, so that what one of them reads tells it nothing
of the others. In the volumes of other projects' images a file is readable to whatever user such an image runs as.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from tideline.airflow_home import USER
from tideline.s3_settings import ROOT_PASSWORD, ROOT_USER

ROOT = Path("/secrets")

DATABASES = ("airflow", "lake", "metabase")
"""In PostgreSQL, each owned by a user of the same name: Airflow's and Metabase's own, and that of published gold."""

READER = "reader"
"""PostgreSQL's user who may read gold and nothing else: Metabase's."""

_OWN = 0o600
_ANY_USER = 0o444


def make_secrets(root: Path = ROOT) -> list[Path]:
    """Write the files that are missing; returns them."""
    wanted = [(root / name, content, mode) for name, content, mode in _files()]
    return [path for path, content, mode in wanted if _create(path, content, mode)]


def minio_root(root: Path = ROOT) -> Path:
    """The credentials of MinIO's root, as the variables that the server reads itself."""
    return root / "minio" / "minio.env"


def postgres_password(root: Path = ROOT) -> Path:
    """The password of PostgreSQL's superuser."""
    return root / "postgres" / "password"


def passwords(root: Path = ROOT) -> Path:
    """The passwords of the databases' users, as libpq reads them."""
    return root / "airflow" / "pgpass"


def metabase_secrets(root: Path = ROOT) -> dict[str, str]:
    """The passwords of Metabase's two users in PostgreSQL, by the user: its own database's owner and gold's reader."""
    return {user: (root / "metabase" / user).read_text() for user in ("metabase", READER)}


def write_credentials(folder: Path, access_key: str, secret_key: str) -> None:
    """Keys of the store in the form that every client of S3 reads, in place of older ones."""
    path = folder / "credentials"
    new = folder / f".credentials.{os.getpid()}"
    _create(new, f"[default]\naws_access_key_id={access_key}\naws_secret_access_key={secret_key}\n", _OWN)
    new.replace(path)


def _files() -> Iterator[tuple[str, str, int]]:
    """Name, content and mode of each file."""
    root = {ROOT_USER: f"tideline-{secrets.token_hex(4)}", ROOT_PASSWORD: secrets.token_urlsafe(48)}
    yield "minio/minio.env", "".join(f"{name}={value}\n" for name, value in root.items()), _ANY_USER
    yield "postgres/password", secrets.token_urlsafe(30), _ANY_USER
    for name in ("fernet-key", "jwt-secret", "api-secret"):
        # 32 bytes in URL-safe base64: the form of a Fernet key, and as good as any for the others.
        yield f"airflow/{name}", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), _OWN
    yield "airflow/passwords.json", json.dumps({USER: secrets.token_urlsafe(18)}), _OWN
    airflows = (user for user in DATABASES if user != "metabase")
    yield "airflow/pgpass", "".join(f"*:*:*:{user}:{secrets.token_urlsafe(30)}\n" for user in airflows), _OWN
    for name in ("admin", "encryption-key", "metabase", READER):
        yield f"metabase/{name}", secrets.token_urlsafe(30), _ANY_USER


def _create(path: Path, content: str, mode: int) -> bool:
    """Write a file that is not there: whole or not at all, and never readable to more than in the end."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWN)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)
    new.replace(path)
    return True
