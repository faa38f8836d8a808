"""Lines into Kafka records: JSON where a line can be read, its bytes where it cannot. Nothing is dropped."""

from __future__ import annotations

import json

from producers.lines import MAX_LINE, Line
from tideline.records import HEADER_EVENT_ID, HEADER_LINE, HEADER_RAW, HEADER_SOURCE, HEADER_TRUNCATED

Headers = list[tuple[str, bytes]]
Record = tuple[int, bytes, bytes, Headers]
"""Line number, key, value, headers. The header line is line 0."""

JSON_HEADERS = 3
"""A record with more headers than these carries a raw line."""


class RecordBuilder:
    """Builds the records of one source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.source_header = (HEADER_SOURCE, source.encode())

    def json(self, number: int, line: Line, fields: dict[str, str], event_id: str | None = None) -> Record:
        """A line that could be read: a JSON object of its fields, untouched.

        The key is the event id: a resend goes to the same partition. Without one, the line's place in the source
        identifies it. A record too large for Kafka is sent raw.
        """
        key = self._place(number) if event_id is None else event_id.encode()
        value = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        if len(value) + 2 * len(key) > MAX_LINE:
            return self.raw(number, line)
        return number, key, value, self._headers(number, key)

    def raw(self, number: int, line: Line) -> Record:
        """A line that could not be read: its bytes, for the lake to judge.

        What does not fit into a record is cut off, and the ``truncated`` header tells how long the line was.
        """
        key = self._place(number)
        content, length = line
        value = content[:MAX_LINE]
        headers = [*self._headers(number, key), (HEADER_RAW, b"1")]
        if len(value) < length:
            headers.append((HEADER_TRUNCATED, b"%d" % length))
        return number, key, value, headers

    def _place(self, number: int) -> bytes:
        return f"{self.source}:{number}".encode()

    def _headers(self, number: int, key: bytes) -> Headers:
        return [self.source_header, (HEADER_LINE, b"%d" % number), (HEADER_EVENT_ID, key)]
