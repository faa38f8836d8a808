"""A health check for containers: asks Airflow's API how a part of it is, with the standard library only."""

from __future__ import annotations

import json
import sys
from urllib.request import urlopen

_SECONDS = 5


def is_healthy(answer: str, part: str) -> bool:
    """Whether a part, such as ``scheduler``, says that it is well.

    >>> is_healthy('{"scheduler": {"status": "healthy"}, "dag_processor": {"status": null}}', "scheduler")
    True
    >>> is_healthy('{"scheduler": {"status": "healthy"}, "dag_processor": {"status": null}}', "dag_processor")
    False
    """
    return bool(json.loads(answer).get(part, {}).get("status") == "healthy")


def main() -> int:
    """``python health.py URL PART``: 0 when it is well, 1 otherwise."""
    url, part = sys.argv[1:]
    # The address is the deployer's own, written into the health check.
    with urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
        return 0 if is_healthy(answer.read().decode(), part) else 1


if __name__ == "__main__":
    sys.exit(main())
