"""What a partition holds of a source already."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Delivered:
    """What one partition holds of a source: all its lines up to ``through``, and each of ``lines``."""

    through: int = 0
    lines: frozenset[int] = frozenset()
    bound_hit: bool = False

    @property
    def newest(self) -> int:
        """No line after this one is known to be there."""
        return max((self.through, *self.lines))

    def has(self, line: int) -> bool:
        """Whether the line needs no sending."""
        return line <= self.through or line in self.lines
