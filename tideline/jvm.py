"""Tideline's Java classes, compiled with the JDK at set-up: ``python -m tideline.jvm``.

Owns ``<environment>/share/tideline/jars/jvm/tideline-jvm.jar``; the sources are in ``jvm/src``: Delta's log stores,
local files, bronze's sink.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from rich.console import Console

from tideline.errors import PrerequisiteError, TidelineError
from tideline.jars import jars_dir
from tideline.jars.ivy import pyspark_jars
from tideline.jars.lock import ROOT
from tideline.prerequisites import find_java, find_javac

JAR = ROOT / "jvm" / "tideline-jvm.jar"
SOURCES = Path(__file__).resolve().parent.parent / "jvm"

_RELEASE = "17"
_MADE_OF = "META-INF/made-of"
_COMPILE_SECONDS = 300

LOCAL_CLASS = "tideline.logstore.HardLinkLogStore"
S3_CLASS = "tideline.logstore.ConditionalPutLogStore"

LOG_STORES = {
    # Delta's own classes guard a commit within one JVM only: the stream and a batch job would overwrite each other's.
    "spark.delta.logStore.file.impl": LOCAL_CLASS,
    "spark.delta.logStore.s3a.impl": S3_CLASS,
}
"""What makes Delta use these classes. To be set before Spark starts; a key for a wrong scheme is ignored silently."""


def jvm_jar() -> Path:
    """The compiled classes.

    Raises:
        PrerequisiteError: they were not compiled.
    """
    if not JAR.is_file():
        msg = f"Tideline's Java classes are not in {JAR}: run make setup"
        raise PrerequisiteError(msg)
    return JAR


def compile_classes(sources: Sequence[Path], classpath: Sequence[str], target: Path) -> None:
    """Compile Java sources into a folder.

    Raises:
        PrerequisiteError: there is no javac, or it refuses the sources; with what it said.
    """
    javac = find_javac()
    # A JDK 21 compiles what a JRE 17 runs.
    command = [str(javac), "--release", _RELEASE, "-proc:none", "-cp", ":".join(classpath), "-d", str(target)]
    done = subprocess.run(
        [*command, *map(str, sources)], capture_output=True, text=True, timeout=_COMPILE_SECONDS, check=False
    )
    if done.returncode:
        msg = f"{javac} cannot compile {SOURCES}: {done.stderr.strip()}"
        raise PrerequisiteError(msg)


def build_jar(jar: Path = JAR, sources: Path = SOURCES) -> bool:
    """Compile the classes, unless the jar was made of these sources by this JDK; returns whether it was made.

    The jar appears whole or not at all, and says itself what it was made of.

    Raises:
        PrerequisiteError: there are no sources, no javac, or it refuses them.
    """
    files = sorted((sources / "src").rglob("*.java"))
    if not files:
        msg = f"no Java sources in {sources}: Tideline is installed from its repository, by make setup"
        raise PrerequisiteError(msg)
    made_of = _made_of(files)
    if jar.is_file() and _read_made_of(jar) == made_of:
        return False
    jar.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=jar.parent.parent) as work:
        compile_classes(files, [str(path) for path in _libraries()], Path(work, "classes"))
        _pack(Path(work, "classes"), made_of, Path(work, jar.name))
        Path(work, jar.name).replace(jar)
    return True


def _libraries() -> list[Path]:
    """Delta, Hadoop's S3 connector and what that one is built on; of Spark's own jars those that the classes use."""
    of_spark = ("hadoop-client-*", "scala-library-*", "spark-*")
    return [*sorted(jars_dir("spark").glob("*.jar")), *(j for n in of_spark for j in pyspark_jars().glob(f"{n}.jar"))]


def _made_of(files: Sequence[Path]) -> str:
    """A line for the JDK, one per library and one per source: what the classes depend on."""
    jdk = subprocess.run([find_java(), "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    sources = [f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
    return "\n".join([*jdk.splitlines()[:1], *sorted(path.name for path in _libraries()), *sources])


def _read_made_of(jar: Path) -> str:
    with ZipFile(jar) as packed:
        return packed.read(_MADE_OF).decode()


def _pack(classes: Path, made_of: str, jar: Path) -> None:
    with ZipFile(jar, "w", ZIP_DEFLATED) as packed:
        # `ZipInfo` has a constant date: the same sources make the same bytes.
        packed.writestr(ZipInfo(_MADE_OF), made_of)
        for file in sorted(classes.rglob("*.class")):
            packed.writestr(ZipInfo(file.relative_to(classes).as_posix()), file.read_bytes())


def main() -> int:
    """Compile, and say so."""
    console = Console(stderr=True)
    try:
        with console.status("Compiling Tideline's Java classes"):
            made = build_jar()
    except TidelineError as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    console.print("Tideline's Java classes are compiled" if made else "Tideline's Java classes were compiled before")
    return 0


if __name__ == "__main__":
    sys.exit(main())
