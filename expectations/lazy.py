"""Spares the import of Great Expectations what none of our expectations uses: a plotting and a statistics library.

They are imported when somebody first asks for something in them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

UNUSED = ("altair", "scipy.sparse", "scipy.stats")


class _Deferred(ModuleType):
    """Stands in for a module until one of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        # What the import system itself looks at says nothing about whether the module is needed.
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def defer(*names: str) -> None:
    """Let these modules be imported at their first use; those that are imported already stay as they are."""
    for name in names:
        sys.modules.setdefault(name, _Deferred(name))
