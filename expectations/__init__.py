"""What must hold in bronze, silver and gold, as Great Expectations suites, and the runner that asks them."""

from expectations.lazy import UNUSED, defer

# Before any module of the package imports Great Expectations.
defer(*UNUSED)
