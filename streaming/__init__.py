"""Kafka to bronze, and from bronze the live counts and flags. One driver process runs all queries."""
