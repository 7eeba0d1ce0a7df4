"""JSON documents larger than memory, event by event, also where the fast parser gives up.

Yajl, the C parser of `ijson`, puts a question mark for half a surrogate pair and leaves numbers too long to
Python: such a document is read again, from its beginning, by the parser in Python.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import ijson

MAX_DEPTH = 40
"""Containers nested deeper are left out: messages of Telegram reach about six levels."""

# Half of an escaped surrogate pair. A high half before the end of what was read so far is left undecided,
# and so is a low half in the first bytes, which belong to what was read before.
LONE_SURROGATE = re.compile(
    rb"\\u[dD](?:"
    rb"[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?:\\(?:u(?:[dD](?:[c-fC-F].?)?)?)?)?\Z)"
    rb"|[c-fC-F][0-9a-fA-F]{2}(?<=.{12})(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))",
    re.DOTALL,
)
UNDECIDED_BYTES = 40

# Numbers that Python refuses to convert: the C parser leaves the error to whatever runs next.
LONG_NUMBER = re.compile(rb"[0-9]{1000}|[0-9][eE][+-]?[0-9]{15}")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Event = tuple[str, Any]


class BrokenError(Exception):
    """Nothing more can be read of the JSON; readers catch it."""


class BeyondYajlError(Exception):
    """The C parser would put a question mark for half a surrogate pair, or fail; readers catch it."""


class _Checked:
    """A stream of JSON that raises `BeyondYajlError` before it gives out what the C parser cannot read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        chunk = self._stream.read(size)
        window = self._tail + chunk
        if LONE_SURROGATE.search(window) or LONG_NUMBER.search(window):
            raise BeyondYajlError
        self._tail = window[-UNDECIDED_BYTES:]
        return chunk


@dataclass(slots=True)
class Cursor:
    """Walks a JSON document event by event. `place` is the JSON pointer reached, for reports."""

    events: Iterator[Event]
    place: str = "/"
    found: bool = False

    def take(self) -> Event:
        """The next event. Raises `BrokenError` at an early end."""
        event = next(self.events, None)
        if event is None:
            raise BrokenError
        return event

    def skip(self, event: Event) -> None:
        """Passes over the rest of the value that begins with `event`."""
        depth = int(event[0] in {"start_map", "start_array"})
        while depth:
            name, _ = self.take()
            depth += (name in {"start_map", "start_array"}) - (name in {"end_map", "end_array"})

    def build(self, event: Event, depth: int = 0) -> Any:
        """The value that begins with `event`; None in place of what is nested too deep."""
        if event[0] not in {"start_map", "start_array"}:
            return event[1]
        if depth == MAX_DEPTH:
            self.skip(event)
            return None
        if event[0] == "start_array":
            return [self.build(element, depth + 1) for element in self.elements()]
        return {key: self.build(self.take(), depth + 1) for key in self.names()}

    def elements(self) -> Iterator[Event]:
        """The first event of each element of the array that has begun; the caller takes the rest of it."""
        while (event := self.take())[0] != "end_array":
            yield event

    def names(self) -> Iterator[str]:
        """Each key of the object that has begun; the caller takes its value."""
        while (event := self.take())[0] != "end_map":
            yield event[1]


def events_of(stream: BinaryIO, *, lossless: bool, start: int = 0) -> Iterator[Event]:
    """The events of a document, which begins at the byte `start`.

    Raises:
        BrokenError: from here on it is no JSON.
        BeyondYajlError: the fast parser cannot read what follows, the lossless one can.
    """
    stream.seek(start)
    if stream.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
        stream.seek(start)
    try:
        if lossless:
            yield from ijson.get_backend("python").basic_parse(stream)
        else:
            yield from ijson.basic_parse(_Checked(stream))
    except (ijson.JSONError, ValueError, ArithmeticError):
        # the last two are how Python refuses numbers and bytes
        raise BrokenError from None
