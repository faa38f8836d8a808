"""Contests over tables that are there: growth, compaction, gold, validation."""
