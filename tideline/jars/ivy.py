"""Fetching jars with the Ivy inside pyspark: no Maven, no registry address, nothing outside its folder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import quoteattr

from tideline.errors import JarLockError
from tideline.prerequisites import find_java

_ATTEMPTS = 3
_TAIL_LINES = 12

# `usepoms` off: a locked set is complete, so only the jars themselves are asked for.
# `ivy.checksums` empty: the lock's SHA-256 is checked instead of the registry's SHA-1.
_SETTINGS = """<ivysettings>
  <property name="ivy.checksums" value=""/>
  <settings defaultResolver="default"/>
  <caches defaultCacheDir={cache}/>
  <resolvers><ibiblio name="default" m2compatible="true" usepoms="{poms}"/></resolvers>
</ivysettings>
"""
_MODULE = """<ivy-module version="2.0">
  <info organisation="tideline" module="jars"/>
  <configurations><conf name="jars"/></configurations>
  <dependencies>{dependencies}
  </dependencies>
</ivy-module>
"""
_DEPENDENCY = """
    <dependency org={org} name={name} rev={rev} transitive="{transitive}"
                force="true" conf="jars->default"/>"""


@dataclass(frozen=True, order=True)
class Module:
    """A jar by its coordinates; ``transitive`` says whether what it needs is wanted, too."""

    group: str
    artifact: str
    version: str
    transitive: bool = False

    @classmethod
    def parse(cls, text: str, *, transitive: bool = False) -> Module:
        """Read ``group:artifact:version``.

        >>> Module.parse("io.delta:delta-storage:4.4.0").file_name
        'delta-storage-4.4.0.jar'
        """
        group, artifact, version = text.split(":")
        return cls(group, artifact, version, transitive)

    @property
    def file_name(self) -> str:
        """The name of its file in a jar folder."""
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def pyspark_jars() -> Path:
    """The folder of the jars that pyspark brings along."""
    pyspark = find_spec("pyspark")
    if pyspark is None or pyspark.origin is None:
        msg = "pyspark is not installed in this environment: run make setup"
        raise JarLockError(msg)
    return Path(pyspark.origin).parent / "jars"


def retrieve(
    modules: Iterable[Module],
    pattern: str,
    cache: Path,
    *,
    poms: bool,
    on_jar: Callable[[], None] = lambda: None,
) -> None:
    """Fetch modules; what an earlier call already fetched into the cache is not fetched again.

    Args:
        modules: what to fetch.
        pattern: Ivy's pattern of the target files.
        cache: Ivy's own folder.
        poms: read what the modules need from their POMs.
        on_jar: called after each jar.

    Raises:
        JarLockError: Ivy failed three times; carries the end of its output.
    """
    with TemporaryDirectory() as folder:
        command = _command(Path(folder), list(modules), pattern, cache, poms=poms)
        for _ in range(_ATTEMPTS):
            code, tail = _run(command, on_jar)
            if code == 0:
                return
    msg = "Ivy cannot fetch the jars: check the network and run make setup, which goes on from here\n"
    raise JarLockError(msg + "\n".join(tail))


def _command(folder: Path, modules: list[Module], pattern: str, cache: Path, *, poms: bool) -> list[str]:
    settings, module = folder / "settings.xml", folder / "ivy.xml"
    settings.write_text(_SETTINGS.format(cache=quoteattr(str(cache)), poms=str(poms).lower()))
    module.write_text(_MODULE.format(dependencies="".join(map(_dependency, modules))))
    ivy = next(pyspark_jars().glob("ivy-*.jar"))
    # An Ivy home of its own, so that nothing is written to the user's.
    java = [str(find_java()), f"-Divy.default.ivy.user.dir={cache}", "-jar", str(ivy)]
    wanted = ["-confs", "jars", "-retrieve", pattern, "-types", "jar", "bundle"]
    return [*java, "-settings", str(settings), "-ivy", str(module), *wanted]


def _dependency(module: Module) -> str:
    return _DEPENDENCY.format(
        org=quoteattr(module.group),
        name=quoteattr(module.artifact),
        rev=quoteattr(module.version),
        transitive=str(module.transitive).lower(),
    )


def _run(command: list[str], on_jar: Callable[[], None]) -> tuple[int, list[str]]:
    tail: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as ivy:
        for line in ivy.stdout or ():
            tail = [*tail, line.rstrip()][-_TAIL_LINES:]
            if "[SUCCESSFUL ]" in line:
                on_jar()
    return ivy.returncode, tail
