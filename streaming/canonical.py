"""Canonical JSON: what the producers write for nearly every line, taken apart without a parser.

Canonical is an object of strings whose names come in a known order, in printable ASCII, without blanks between its
parts and without escapes. For such a text a cut at the quotes gives what ``from_json`` gives, for less. There is no
text about which the two could disagree: all that is not canonical is left to ``from_json``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

Layout = tuple[str, ...]
"""The names of an object's fields, in order."""

# Every character by itself: Java looks them up in a table, ranges it tries one after the other.
_PLAIN = "".join(re.escape(chr(code)) for code in range(ord(" "), ord("~") + 1) if chr(code) not in '"\\')


def is_canonical(text: Column, layouts: Sequence[Layout]) -> Column:
    """Whether the text is canonical in one of these layouts, the most frequent first; false for null."""
    objects = "|".join(rf"\{{{','.join(map(_string, layout))}\}}" for layout in layouts)
    # Not $, which lets a line break at the end pass.
    return F.coalesce(text.rlike(rf"\A(?:{objects})\z"), F.lit(False))


def cut(text: Column) -> Column:
    """Cut canonical text at its quotes: a brace, then name, colon, string, comma in turns."""
    return F.split(text, '"')


def field(pieces: Column, name: str, layouts: Sequence[Layout]) -> Column:
    """The string of that name among the pieces of canonical text; null where its layout has none of that name."""
    places = sorted({layout.index(name) for layout in layouts if name in layout})
    return F.coalesce(*(_at(pieces, place, name, layouts) for place in places), F.lit(None).cast("string"))


def _string(name: str) -> str:
    return f'"{re.escape(name)}":"[{_PLAIN}]*"'


def _at(pieces: Column, place: int, name: str, layouts: Sequence[Layout]) -> Column:
    value = F.get(pieces, F.lit(4 * place + 3))
    names = {layout[place] for layout in layouts if place < len(layout)}
    return value if names == {name} else F.when(F.get(pieces, F.lit(4 * place + 1)) == name, value)
