"""A file on the web: what its URL may be, and whether it is still the same. What a URL may hide is never shown."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import urllib.request
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit

from tideline.errors import DownloadError, InputError

_SCHEMES = ("http", "https")
_PATIENCE_SECONDS = 30.0
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")


@dataclass(frozen=True, repr=False)
class Remote:
    """A file that a server offers.

    Attributes:
        url: where; may hold a secret.
        size: its bytes, if the server says so.
        version: changes when the file does, as far as the server tells.
    """

    url: str
    size: int | None
    version: str

    def __repr__(self) -> str:
        """Without a secret."""
        return f"Remote({shown(self.url)})"

    @property
    def name(self) -> str:
        """The last part of its path; empty when it has none."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).name


def is_url(text: str) -> bool:
    """Whether a text names something on a server, not a file here.

    >>> is_url("ftp://host/f"), is_url("a/b.csv")
    (True, False)
    """
    return "://" in text


def check_url(url: str) -> None:
    """Refuse what is no URL for a download.

    Raises:
        InputError: it is not http or https, or holds what a URL may not.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        msg = (
            f"cannot download {shown(url)!r}: only URLs of http and https are taken, such as "
            "https://host/tweets.tsv.gz, in ASCII and without spaces"
        )
        raise InputError(msg)


def shown(url: str) -> str:
    """A URL for a message: without the password, query and fragment that it may have.

    >>> shown("https://me:secret@host/a/b.tsv?signature=secret")
    'https://host/a/b.tsv'
    """
    scheme, _, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def look_at(url: str) -> Remote:
    """Ask the server for the first byte, to learn of the file before it is downloaded.

    Raises:
        InputError: see ``check_url``.
        DownloadError: the server cannot be reached, or refuses.
    """
    check_url(url)
    try:
        with urllib.request.urlopen(_request(url), timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - checked above
            check_url(answer.url)
            headers = answer.headers
            total = _TOTAL.match(headers.get("Content-Range", ""))
            length = total[1] if total else headers.get("Content-Length")
    except HTTPError as err:
        msg = f"cannot download {shown(url)}: the server answers {err.code} {err.reason}; check the URL"
        raise DownloadError(msg) from err
    except (OSError, http.client.HTTPException) as err:
        why = err.reason if isinstance(err, URLError) else err
        said = getattr(why, "strerror", None) or why or type(err).__name__
        msg = f"cannot download {shown(url)}: {said}; check the URL and the network, try again"
        raise DownloadError(msg) from err
    seen = headers.get("Last-Modified") or headers.get("ETag") or ""
    return Remote(url, int(length) if length else None, hashlib.sha256(f"{length}|{seen}".encode()).hexdigest())


def _request(url: str) -> urllib.request.Request:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=host, fragment="")))  # noqa: S310 - checked
    request.add_header("Range", "bytes=0-0")
    request.add_header("User-Agent", "tideline")
    if at:
        # Not sent on to where a redirect leads.
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(unquote(user).encode()).decode()}")
    return request
