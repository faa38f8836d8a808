"""Runs and contenders, with defaults for what a test does not speak of."""

from typing import Any

from bench.rivals.contest import Contender, Proof, Run


def contender(name: str) -> Contender:
    return Contender(name, "", lambda _: [])


def run(name: str, seconds: float = 1.0, made: str | None = "aa", **more: Any) -> Run:
    proof = Proof(1000, made) if made else None
    return Run(name, 1, **{"rows": 1000, "seconds": seconds, "proof": proof} | more)
