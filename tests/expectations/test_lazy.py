import sys
from pathlib import Path

import pytest

from expectations.lazy import UNUSED, defer


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that can be imported, and was not yet."""
    (tmp_path / "seldom_used.py").write_text("ANSWER = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "seldom_used", raising=False)
    return "seldom_used"


def test_a_deferred_module_is_imported_when_something_in_it_is_asked_for(module: str) -> None:
    defer(module)
    import seldom_used  # type: ignore[import-not-found]

    assert "ANSWER" not in vars(seldom_used)
    assert not hasattr(seldom_used, "__file__")
    assert seldom_used.ANSWER == 42
    assert sys.modules[module].__file__ is not None


def test_what_is_imported_already_stays(module: str) -> None:
    __import__(module)
    before = sys.modules[module]
    defer(module)
    assert sys.modules[module] is before


def test_great_expectations_does_without_what_is_deferred() -> None:
    # This session imported Great Expectations with the suites; nothing in it has asked for these since.
    import expectations.runner  # noqa: F401

    assert [name for name in UNUSED if getattr(sys.modules[name], "__file__", None)] == []
