"""Tweets: tab-separated lines into records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from producers.header import take_header
from producers.lines import Line
from producers.records import Record, RecordBuilder
from tideline.records import HEADER_EVENT_ID, HEADER_LINE

TWEET_COLUMNS = ("tweet_id", "date", "time")
"""The columns that every version of the file has; others are kept as they are."""

_NEEDS_ESCAPE = re.compile(rb"[^ !#-\[\]-~\t]").search
_PLAIN_LINE = 10_000
"""Up to this many bytes no record gets too large for Kafka."""


def take_tweet_header(lines: Iterable[Line], label: str) -> tuple[tuple[str, ...], Iterator[Line]]:
    """The columns of a tweet file, and the lines after them; see ``take_header``."""
    return take_header(lines, label, lambda text: text.split("\t"), TWEET_COLUMNS)


class TweetRows:
    """The lines of a tweet file into records; each stands alone.

    A UTF-8 line with the header's number of fields is a JSON object of strings, keyed by its ``tweet_id``; any other
    line, an empty one too, is sent as it is.
    """

    def __init__(self, columns: tuple[str, ...], source: str) -> None:
        self._columns, self._builder, self._template = columns, RecordBuilder(source), _template(columns)

    def records(self, first: int, lines: Iterable[Line]) -> Iterator[Record]:
        """The records of the lines from number ``first`` on."""
        builder, template, columns = self._builder, self._template, self._columns
        width, id_at = len(columns), columns.index("tweet_id")
        for number, line in enumerate(lines, first):
            content = line[0]
            fields = content.split(b"\t")
            # Nearly every line is short plain ASCII: its JSON is the fields between constant text.
            if len(fields) == width and len(content) < _PLAIN_LINE and not _NEEDS_ESCAPE(content):
                key = fields[id_at]
                place = (HEADER_LINE, b"%d" % number)
                yield number, key, template % tuple(fields), [builder.source_header, place, (HEADER_EVENT_ID, key)]
            else:
                yield _record(builder, number, line, columns)

    def rest(self) -> Iterator[Record]:
        """Nothing: a line is whole."""
        return iter(())


def tweet_records(lines: Iterable[Line], source: str, label: str) -> Iterator[Record]:
    """All records of a tweet file; see ``TweetRows``.

    Args:
        lines: the lines, the header first.
        source: identifies the source.
        label: what messages call it.

    Raises:
        InputError: the first line does not name ``tweet_id``, ``date`` and ``time``.
    """
    columns, rest = take_tweet_header(lines, label)
    yield from TweetRows(columns, source).records(1, rest)


def _record(builder: RecordBuilder, number: int, line: Line, columns: tuple[str, ...]) -> Record:
    content, length = line
    try:
        values = content.decode().split("\t")
    except UnicodeDecodeError:
        return builder.raw(number, line)
    if len(content) < length or len(values) != len(columns):
        return builder.raw(number, line)
    fields = dict(zip(columns, values, strict=True))
    return builder.json(number, line, fields, fields["tweet_id"])


def _template(columns: tuple[str, ...]) -> bytes:
    names = (json.dumps(name, ensure_ascii=False).encode().replace(b"%", b"%%") for name in columns)
    return b"{" + b",".join(name + b':"%b"' for name in names) + b"}"
