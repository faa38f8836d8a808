"""What must hold in bronze, silver and gold, as Great Expectations suites, and the runner that asks them."""
