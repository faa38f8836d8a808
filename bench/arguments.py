"""Types of command line arguments: what is wrong is told by argparse, before anything is started."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence


def words(text: str) -> list[str]:
    """The words between commas.

    >>> words("ours, native,")
    ['ours', 'native']
    """
    return [word.strip() for word in text.split(",") if word.strip()]


def some_of(names: Sequence[str]) -> Callable[[str], list[str]]:
    """A type: some of these names, between commas.

    >>> some_of(["produce", "drain"])("drain")
    ['drain']
    """

    def parse_names(text: str) -> list[str]:
        found = words(text)
        unknown = [name for name in found if name not in names]
        if unknown or not found:
            msg = f"expected some of {','.join(names)}, got {','.join(unknown) or 'none'}"
            raise ArgumentTypeError(msg)
        return found

    return parse_names


def positive(text: str) -> int:
    """A type: a whole number above 0.

    >>> positive("3")
    3
    """
    if not text.strip().isdecimal() or int(text) == 0:
        msg = f"expected a whole number above 0, got {text!r}"
        raise ArgumentTypeError(msg)
    return int(text)


def positives(text: str) -> tuple[int, ...]:
    """A type: whole numbers above 0, between commas.

    >>> positives("500,1000")
    (500, 1000)
    """
    return tuple(positive(word) for word in text.split(","))
