"""Files of variables that hold secrets: mode 0600 from their first byte, whole or not there, never overwritten."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def create_private(file: Path, variables: Mapping[str, str]) -> None:
    """Write variables to a new file that only its owner reads.

    Raises:
        FileExistsError: there is such a file.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as opened:
            opened.writelines(f"{name}={value}\n" for name, value in variables.items())
        # A link, unlike a rename, never takes the place of a file that is there.
        file.hardlink_to(new)
    finally:
        new.unlink()


def read_private(file: Path) -> dict[str, str]:
    """The variables of such a file."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line and line[0] != "#")
