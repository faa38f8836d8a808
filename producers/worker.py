"""A process that packs blocks for another one: ``python -m producers.worker FD``, started by ``producers.workers``.

It reads from its parent alone, so it ends when that ends, however that is.
"""

from __future__ import annotations

import gc
import sys
from multiprocessing.connection import Connection

ALLOCATIONS = 50_000
"""Python looks for reference cycles after so many: among records on their way that costs 5 to 10 % and finds none."""


def main(descriptor: int) -> None:
    """Take a packer, then a block at a time, and give back what became of it, until the parent is gone."""
    gc.set_threshold(ALLOCATIONS)
    with Connection(descriptor) as parent:
        try:
            packer = parent.recv()
            while True:
                parent.send(packer.pack(parent.recv()))
        except (EOFError, ConnectionError):
            return


if __name__ == "__main__":
    main(int(sys.argv[1]))
