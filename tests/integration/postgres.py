"""A PostgreSQL server of the tests' own: Debian's programs, data in a temporary folder, one user with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

PASSWORD = "s3cret-of-the-tests"
USER = "lake"

DEADLINE_SECONDS = 60


def find_postgres() -> Path | None:
    """The folder with PostgreSQL's programs: that of the PATH, or the newest that Debian has."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return versions[-1].parent if versions else None


@contextmanager
def running_postgres(programs: Path) -> Iterator[str]:
    """A server for the length of a block; gives the URL of a database of its own."""
    user = _user()
    # Not pytest's folder: the server does not run as root, and others cannot look into that one.
    home = Path(tempfile.mkdtemp(prefix="tideline-postgres-"))
    try:
        (home / "password").write_text(PASSWORD)
        for path in (home, home / "password"):
            shutil.chown(path, user)
        login = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={home / 'password'}"]
        _run(_as(user, [programs / "initdb", "-D", home / "data", *login, "--no-sync", "--encoding=UTF8"]))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        command = [programs / "postgres", "-D", home / "data", *(f"--{k}={v}" for k, v in options.items())]
        with (home / "log").open("w") as log:
            server = subprocess.Popen(_as(user, command), stdout=log, stderr=log, cwd="/")
        url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
        try:
            _wait_for(url, server, home / "log")
            yield url
        finally:
            server.terminate()
            server.wait(DEADLINE_SECONDS)
    finally:
        shutil.rmtree(home)


def _user() -> str:
    """Who runs the server: it refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as(user: str, command: Sequence[str | Path]) -> list[str]:
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    entry = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *words]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return
