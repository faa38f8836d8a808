"""The contender ``python -m bench.rivals.tables.gold_ours SILVER FOLDER``: the step `gold`, as it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from batch.gold import gold
from bench.rivals.tables import steps


def main() -> None:
    """Write the marts of the silver tables in one folder into another."""
    silver, folder = map(Path, sys.argv[1:])
    (folder / "silver").symlink_to(silver / "silver")
    lake = steps.lake_in(folder)
    written = gold(steps.start(lake, "gold"), lake)
    sys.stdout.write(json.dumps({"rows": sum(one.rows for one in written)}) + "\n")


if __name__ == "__main__":
    main()
