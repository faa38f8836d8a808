"""Tideline beside its rivals on one machine: the same data, the same columns, runs in turns, results checked."""
