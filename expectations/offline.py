"""Makes the pages of Data Docs ask no other server: scripts, styles and pictures of theirs lie beside them.

As Great Expectations writes them, its pages load a dozen libraries from as many servers; without a network the index is
an empty page, and with one those servers learn who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

STYLE, SCRIPT, LOGO = "static/tideline-docs.css", "static/tideline-docs.js", "static/images/logo-long.png"
STATIC = (STYLE, SCRIPT, LOGO)
"""All that a page needs beside itself."""

_FOREIGN = re.compile(
    r'<script src="https?://[^>]*></script>|<link [^>]*href="https?://[^>]*>|<footer>.*?</footer>', re.S
)
_FOREIGN_IMAGE = re.compile(r"https://great-expectations-web-assets[^\"')]*")


def make_self_contained(folder: Path, pages: Sequence[Path]) -> None:
    """Rewrite these pages, relative to a site's folder, in place, and put beside them what they need."""
    for name in (STYLE, SCRIPT):
        (folder / name).write_bytes(files("expectations").joinpath("assets", Path(name).name).read_bytes())
    for page in pages:
        up = "/".join([".."] * (len(page.parts) - 1)) or "."
        file = folder / page
        file.write_text(self_contained(file.read_text(encoding="utf-8"), up), encoding="utf-8")


def self_contained(html: str, up: str) -> str:
    """A page's text without what lies elsewhere.

    Args:
        html: the page.
        up: the way from the page's folder to the site's root.

    >>> self_contained('<p><script src="https://a.example/b.js"></script>text</p>', "..")
    '<p>text</p>'
    """
    own = f'<link rel="stylesheet" href="{up}/{STYLE}"><script src="{up}/{SCRIPT}"></script>'
    html = _FOREIGN_IMAGE.sub(f"{up}/{LOGO}", _FOREIGN.sub("", html))
    return html if own in html else html.replace("</head>", f"{own}</head>", 1)
