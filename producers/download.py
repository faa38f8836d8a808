"""Downloads by aria2c: many connections, and resumed after whatever ended the last run."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from producers.landing import safe_name
from producers.remote import Remote, look_at, shown
from tideline.errors import DownloadError, InputError, PrerequisiteError
from tideline.large_files import locked

OPTIONS = (
    "--no-conf=true",
    "--no-netrc=true",
    "--input-file=-",
    "--check-certificate=true",
    "--max-connection-per-server=4",
    "--split=4",
    "--min-split-size=8M",
    "--max-tries=5",
    "--retry-wait=1",
    "--connect-timeout=15",
    "--timeout=60",
    # Bytes count by the blocks that are on the disk, and a kill loses a second's work.
    "--file-allocation=none",
    "--auto-save-interval=1",
    # A server without ranges gives the file from its start again, instead of nothing.
    "--always-resume=false",
    "--allow-overwrite=false",
    "--auto-file-renaming=false",
    # What it downloads is a file, never a description of further downloads.
    "--follow-torrent=false",
    "--follow-metalink=false",
    "--show-console-readout=false",
    "--summary-interval=0",
    "--download-result=hide",
    "--console-log-level=error",
    "--enable-color=false",
)

_MEANINGS = {
    2: "the server stopped answering",
    3: "the server has no such file",
    6: "the network failed",
    9: "the disk is full",
    19: "the host's name is unknown",
    22: "the server answered something that is not the file",
    24: "the server refuses these credentials",
    29: "the server is overloaded",
}
_CHECKSUM_FAILED = 32
_POLL_SECONDS = 0.2
_ENDING_SECONDS = 10.0

Progress = Callable[[], AbstractContextManager[Callable[[int], None]]]
"""Opened while bytes come, and told now and then how many are here."""


def find_aria2c(variables: Mapping[str, str] = os.environ) -> str:
    """The program.

    Raises:
        PrerequisiteError: there is none.
    """
    found = shutil.which("aria2c", path=variables.get("PATH", ""))
    if found is None:
        msg = "downloads need the program aria2c, which is not on PATH: install it, e.g. Debian's aria2"
        raise PrerequisiteError(msg)
    return found


@contextmanager
def downloaded(remote: Remote, source: str, folder: Path, sha256: str | None, progress: Progress) -> Iterator[Path]:
    """Download a file, work with it, and throw it away; when the work fails it stays for the next run.

    Of runs for the same URL one works at a time, and the next finds what it left. A download that was killed goes on
    where it was, if the server's file is the same as far as it tells, else from the start.

    Args:
        remote: the file, see ``look_at``.
        source: its name where the URL has none.
        folder: for all downloads.
        sha256: what the file must have.
        progress: see ``Progress``.

    Raises:
        PrerequisiteError: there is no aria2c.
        DownloadError: it ended before its end, or is not the file that was wanted.
    """
    program = find_aria2c()
    mine = folder / hashlib.sha256(remote.url.encode()).hexdigest()[:16]
    with locked(mine) as lock:
        version = mine / (sha256 or remote.version)[:16]
        for other in mine.iterdir():
            if other != version:
                shutil.rmtree(other)
        file = version / safe_name(remote.name, source)
        if not file.exists():
            _fetch(program, remote, file, sha256, progress, lock)
        try:
            yield file
        except InputError:
            # The next run would fail on the same bytes.
            shutil.rmtree(version)
            raise
        shutil.rmtree(version)


def _fetch(program: str, remote: Remote, file: Path, sha256: str | None, progress: Progress, lock: int) -> None:
    part = file.with_name(f"{file.name}.part")
    if not part.with_name(f"{part.name}.aria2").exists():
        # Without aria2c's notes nobody knows which bytes of it are there.
        part.unlink(missing_ok=True)
    part.parent.mkdir(exist_ok=True)
    code, said = _run(program, remote.url, part, sha256, progress, lock)
    if code == _CHECKSUM_FAILED:
        shutil.rmtree(part.parent)
        msg = f"{shown(remote.url)} does not have the SHA-256 {sha256}; what came was thrown away: check both"
        raise DownloadError(msg)
    if code:
        why = _MEANINGS.get(code) or _last_words(said) or "it did not say why"
        msg = (
            f"the download of {shown(remote.url)} ended early: {why} (exit code {code} of aria2c); "
            f"run it again: it goes on with the {_bytes_here(part):,} bytes that are here"
        )
        raise DownloadError(msg)
    if sha256 is None and look_at(remote.url).version != remote.version:
        shutil.rmtree(part.parent)
        msg = f"{shown(remote.url)} changed while it was downloaded; what came was thrown away: run it again"
        raise DownloadError(msg)
    part.rename(file)


def _run(program: str, url: str, part: Path, sha256: str | None, progress: Progress, lock: int) -> tuple[int, str]:
    """aria2c's exit code, and what it said."""
    # The URL goes by standard input: a secret in it stands in no process list.
    wanted = f"{url}\n dir={part.parent}\n out={part.name}\n"
    if sha256:
        wanted += f" checksum=sha-256={sha256}\n"
    # Were this process killed, aria2c ends by itself, and keeps the lock until then.
    command = [program, *OPTIONS, f"--stop-with-process={os.getpid()}"]
    with TemporaryFile("w+") as said, _started(command, said, lock) as process, progress() as tell:
        _hand_over(process, wanted)
        while process.poll() is None:
            tell(_bytes_here(part))
            time.sleep(_POLL_SECONDS)
        said.seek(0)
        return process.returncode, said.read()


@contextmanager
def _started(command: list[str], said: IO[str], lock: int) -> Iterator[subprocess.Popen[str]]:
    """A child that does not outlive the block; when that ends early, aria2c may write its notes first."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=said, stderr=said, text=True, pass_fds=(lock,)
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _hand_over(process: subprocess.Popen[str], text: str) -> None:
    # One that ended at once tells by its exit code why.
    with suppress(BrokenPipeError):
        if process.stdin is not None:
            process.stdin.write(text)
            process.stdin.close()


def _bytes_here(part: Path) -> int:
    """Bytes on the disk: connections write at several places, so that the file's size says nothing."""
    return part.stat().st_blocks * 512 if part.exists() else 0


def _last_words(said: str) -> str:
    """The reason in aria2c's output, without the URL that it may name."""
    reasons = re.findall(r"-> \[[^\]]*\](?: errorCode=\d+)? (.*)", said)
    return re.sub(r"\S+://\S+", "the URL", reasons[-1]).rstrip(".") if reasons else ""
