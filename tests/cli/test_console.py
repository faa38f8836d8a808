from __future__ import annotations

import io

from rich.console import Console

from cli.console import table
from cli.query import _plain


def test_markup_in_a_cell_stays_text() -> None:
    buffer = io.StringIO()
    Console(file=buffer, width=80).print(table("", ["domain"], [["[red]x[/red]"]]))
    assert "[red]x[/red]" in buffer.getvalue()


def test_bytes_are_text_where_they_are_and_hex_where_not() -> None:
    assert [_plain(b"abc"), _plain(bytearray(b"\xff\x00")), _plain(None), _plain(7)] == ["abc", "ff00", None, 7]
