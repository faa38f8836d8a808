"""The embedded S3 store: a MinIO server on 127.0.0.1 with credentials of its own, its data under the home folder."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import urllib3

from tideline.errors import PrerequisiteError, StoreError
from tideline.private_file import create_private
from tideline.s3 import client, store_errors
from tideline.s3_settings import ROOT_PASSWORD, ROOT_USER, root_file, with_embedded
from tideline.services import Service, ServiceStatus, exclusive, service_status, start_service, stop_service
from tideline.settings import Settings

VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
"""Go's module proxy has MinIO's commits, not its release tags."""

BUCKET = "tideline"
"""Made by ``tideline up --s3`` where the settings name no bucket."""

START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_BUILD_SECONDS = 1800


def start_minio(settings: Settings, binary: Path, timeout_seconds: float = START_SECONDS) -> ServiceStatus:
    """Start the server, unless it runs, and wait until it answers. It outlives the calling process.

    Args:
        settings: home folder and port.
        binary: see ``find_minio``.
        timeout_seconds: how long to wait for an answer.

    Raises:
        ServiceError: the port is taken, or the server does not come up; with the end of its output.
    """
    service = _service(settings)
    with exclusive(service):
        _create_root(root_file(settings.home))
        address = f"127.0.0.1:{settings.minio_port}"
        command = [str(binary), "server", str(_data_dir(settings)), "--address", address]
        own = with_embedded(replace(settings, s3_access_key="", s3_secret_key=""))
        return start_service(service, command, lambda: _answers(own), timeout_seconds)


def stop_minio(settings: Settings, timeout_seconds: float = _STOP_SECONDS) -> bool:
    """Stop the server and wait until its process is gone.

    Returns:
        Whether it ran.
    """
    service = _service(settings)
    with exclusive(service):
        return stop_service(service, timeout_seconds)


def minio_status(settings: Settings) -> ServiceStatus:
    """Whether the server's process runs, since when, and where."""
    return service_status(_service(settings))


def find_minio(report: Callable[[str], None], variables: Mapping[str, str] = os.environ) -> Path:
    """The server's program: from ``PATH``, else the one that was built before, else built now.

    Args:
        report: told in a sentence when a build begins.
        variables: ``PATH``, and where caches lie.

    Raises:
        PrerequisiteError: there is no program, and no Go toolchain to build one.
    """
    path = variables.get("PATH", "")
    found = shutil.which("minio", path=path)
    if found:
        return Path(found)
    built = _cache(variables) / f"minio-{VERSION}" / "minio"
    if built.is_file():
        return built
    go = shutil.which("go", path=path)
    if go is None:
        msg = (
            "there is no S3 store to start: put a `minio` program on PATH, or install Go and run this again, which "
            f"builds MinIO {VERSION} once; or set TIDELINE_S3_ENDPOINT to a store that runs"
        )
        raise PrerequisiteError(msg)
    report("building MinIO with Go, once; this takes about two minutes")
    return _build(Path(go), built, variables)


def _build(go: Path, target: Path, variables: Mapping[str, str]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as work:
        environment = {**variables, "GOBIN": work, "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
        command = [str(go), "install", f"github.com/minio/minio@{VERSION}"]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-5:])
            msg = f"{' '.join(command)} failed; put a `minio` program on PATH instead. It said\n{last}"
            raise PrerequisiteError(msg)
        (Path(work) / "minio").replace(target)
    return target


def _cache(variables: Mapping[str, str]) -> Path:
    """The user's cache of Tideline: what is built once serves every home and checkout."""
    own = variables.get("XDG_CACHE_HOME")
    return (Path(own) if own else Path.home() / ".cache") / "tideline"


def _service(settings: Settings) -> Service:
    environment = {
        # The server reads its credentials from the file: they stand neither in a command line nor in an environment.
        "MINIO_CONFIG_ENV_FILE": str(root_file(settings.home)),
        # No second port with a console, no questions to the maker's servers.
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }
    ports = {"TIDELINE_MINIO_PORT": settings.minio_port}
    return Service("minio", settings.home, ports, environment, writes_log=False)


def _data_dir(settings: Settings) -> Path:
    return settings.home / "minio"


def _create_root(path: Path) -> None:
    """Credentials that exist stay: the data know their users by them."""
    if not path.exists():
        user, password = f"tideline-{secrets.token_hex(4)}", secrets.token_urlsafe(48)
        create_private(path, {ROOT_USER: user, ROOT_PASSWORD: password})


def _answers(own: Settings) -> bool:
    try:
        with store_errors(own, "listing buckets"):
            client(own, urllib3.Retry(0)).list_buckets()
    except StoreError:
        return False
    return True
