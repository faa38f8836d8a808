"""Spark's classes, loaded and verified once: an archive that every later JVM maps instead of loading them anew.

``python -m tideline.class_archive`` makes it, by running a small lake through a JVM that writes down what it loaded.
A JVM that cannot use the archive (another JDK, other jars) ignores it and starts as slowly as without.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tideline.errors import PrerequisiteError
from tideline.jars import jars_dir
from tideline.jvm import jvm_jar
from tideline.prerequisites import find_java, java_version

_QUIET = "-Xshare:auto -Xlog:disable -Xlog:all=error:stderr"
_TRAINING_SECONDS = 1800


def archive_path() -> Path:
    """Where the archive lies: beside the jars that it was made from."""
    return jars_dir("spark").with_name("spark-classes.jsa")


def archive_options() -> str:
    """The JVM options that use the archive; empty while there is none."""
    path = archive_path()
    return f"-XX:SharedArchiveFile={path} {_QUIET}" if path.is_file() else ""


def build_archive() -> bool:
    """Make the archive unless it is there for this JDK, these jars and this training; returns whether it was made.

    Raises:
        PrerequisiteError: the training run failed; its output is named.
    """
    target, stamp = archive_path(), archive_path().with_suffix(".made-of")
    made_of = _made_of()
    if target.is_file() and stamp.is_file() and stamp.read_text() == made_of:
        return False
    target.unlink(missing_ok=True)
    with TemporaryDirectory(dir=target.parent) as work:
        fresh = Path(work) / target.name
        _train(Path(work), fresh)
        stamp.write_text(made_of)
        fresh.replace(target)
    return True


def _made_of() -> str:
    used = [*sorted(jars_dir("spark").iterdir()), jvm_jar()]
    jars = "\n".join(f"{jar.name} {jar.stat().st_mtime_ns}" for jar in used)
    # What the training runs decides which classes are in the archive.
    training = sha256((files("tideline") / "training.py").read_bytes()).hexdigest()
    return f"{java_version(find_java())}\n{jars}\n{training}\n"


def _train(work: Path, archive: Path) -> None:
    # A short run: the first compiler does, the second would only take its cores.
    options = f"-XX:ArchiveClassesAtExit={archive} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC {_QUIET}"
    command = [sys.executable, "-m", "tideline.training", str(work / "home"), options]
    # The JVM writes the archive after Python has gone; it holds the pipe until it is done.
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=_TRAINING_SECONDS, check=False
    )
    if done.returncode or not archive.is_file():
        msg = f"{shlex.join(command[:3])} made no archive of Spark's classes; it said: {done.stdout[-2000:]}"
        raise PrerequisiteError(msg)


def main() -> None:
    """Make the archive, and say so."""
    console = Console(stderr=True)
    with console.status("Loading Spark's classes once, so that every later start is fast"):
        made = build_archive()
    console.print("Spark's classes are archived" if made else "Spark's classes were archived before")


if __name__ == "__main__":
    main()
