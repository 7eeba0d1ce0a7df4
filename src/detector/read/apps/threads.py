"""Lists of messages wherever they stand in a JSON document, streamed: the one way these exports are walked.

A program says at which paths its lists stand ("*" is any key or number), which names beside them are wanted,
and what an item is. One list is in memory at a time, since most programs write the newest message first;
of a program whose files are in order, one message. The unit is the item of a list.
"""

import re
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from detector.read.dates import declared_zone
from detector.read.json_events import BeyondYajlError, BrokenError, Cursor, Event, events_of
from detector.read.source import InputFile, ReadOptions
from detector.read.timestamps import DATE_NOT_UNDERSTOOD, DateStyle, moment_of, oldest_first, written_time
from detector.records import Message, Passed, PassedKind, Record, Source, Unread

HEAD_BYTES = 1 << 10

BROKEN = (
    "the JSON ends early or is damaged here, nothing after it can be read.\n"
    "Expected the complete {expected}.\n"
    "Copy or download the file again; what stands before this place was read."
)
NO_EXPORT = (
    "there are no messages in this JSON.\n"
    "Expected the {expected}.\n"
    "If the file has another format, say so with --format."
)
NO_CHAT = (
    "the chat is malformed.\n"
    "Expected a list of messages, as in the {expected}.\n"
    "Look at this place of the file; the other chats were read."
)
NO_MESSAGE = (
    "the item is no message that can be read.\n"
    "Expected an object with the keys that it has in the {expected}.\n"
    "Look at this place of the file; the other items were read."
)

ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}
ENTITY = re.compile("|".join(ENTITIES))

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands: its list, its number in it, and the wanted names that were read before it."""

    file: InputFile
    zone: ZoneInfo | None
    path: Path
    number: int
    names: Mapping[Path, str]

    def source(self, *warnings: str) -> Source:
        """The item's place, as its message tells it."""
        locator = pointer((*self.path, str(self.number)))
        return Source(self.file.name, self.file.sha256, locator, warnings=warnings)

    def sent_at(self, written: object) -> tuple[str | None, tuple[str, ...]]:
        """A written time, UTC where it names no zone, in UTC or the declared zone; and what to warn of."""
        if not isinstance(written, str):
            return None, (DATE_NOT_UNDERSTOOD,)
        text, warnings = written_time(written, DateStyle(stated=UTC))
        moment = datetime.fromisoformat(text) if text else None
        if moment is None or moment.tzinfo is None:
            return text, warnings
        return moment.astimezone(self.zone or UTC).isoformat(), warnings


Made = Message | PassedKind | None
"""A message, why an item is none, or None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Program:
    """How the files of a program are laid out.

    `lists` and `names` are paths of lists of messages and of strings beside them; `merged` tells which lists
    hold one side of the chats each. With `names_first` the names, which may stand behind the lists, are
    looked for before these are read. `start` gives the byte at which the JSON begins.
    """

    expected: str
    lists: tuple[Path, ...]
    make: Callable[[Mapping[str, Any], Place], Made]
    names: tuple[Path, ...] = ()
    merged: Callable[[Path], bool] = lambda _: False
    in_order: bool = False
    names_first: bool = False
    start: Callable[[bytes], int] = lambda _: 0


def read_lists(source: InputFile, options: ReadOptions, program: Program) -> Iterator[Record]:
    """The messages of all lists of a file, those of each list the oldest first.

    After damage, one `Unread` for the rest.

    Raises:
        InputError: the declared zone is not known.
    """
    zone = declared_zone(options.tz) if options.tz else None
    with source.open() as stream:
        start = program.start(stream.read(HEAD_BYTES))

        def walk(names: dict[Path, str], wanted: Program, *, lossless: bool) -> Iterator[Record]:
            events = events_of(stream, lossless=lossless, start=start)
            return _Walk(events, wanted, source, zone, names).records()

        names: dict[Path, str] = {}
        if program.names_first:
            deque(_either(partial(walk, names, replace(program, lists=()))), maxlen=0)
        yield from _either(partial(walk, names, program))


def _either(walk: Callable[..., Iterator[Record]]) -> Iterator[Record]:
    """The records of a walk; from where the fast parser gives up, those of a lossless one."""
    count = 0
    try:
        for record in walk(lossless=False):
            yield record
            count += 1
    except BeyondYajlError:
        yield from islice(walk(lossless=True), count, None)


def pointer(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a path; "/" for the document, as other readers have it."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path) or "/"


def unescaped(text: str) -> str:
    """A text as it was typed, of one whose `&`, `<`, `>` and quotes were written as in HTML.

    >>> unescaped("1 &lt; 2 &amp;amp; &copy=3")
    '1 < 2 &amp; &copy=3'
    """
    return ENTITY.sub(lambda found: ENTITIES[found[0]], text)


def titled(name: object, key: object) -> str:
    """What tells a thread from all others, for people: its name, and its key where that is another."""
    parts = [part for part in (name, key) if isinstance(part, str) and part]
    return f"{parts[0]} ({parts[1]})" if len(parts) == 2 and parts[0] != parts[1] else "".join(parts[:1])


@dataclass(slots=True)
class _Walk:
    """One pass over a document."""

    events: Iterator[Event]
    program: Program
    source: InputFile
    zone: ZoneInfo | None
    names: dict[Path, str]
    sides: list[list[Record]] = field(default_factory=list)
    broken: bool = False
    cursor: Cursor = field(init=False)

    def __post_init__(self) -> None:
        self.cursor = Cursor(self.events)

    def records(self) -> Iterator[Record]:
        """All records of the document, and one for what cannot be read any more."""
        try:
            yield from self._value(self.cursor.take(), ())
            self.cursor.place = "/"
            self.broken = next(self.cursor.events, None) is not None
        except BrokenError:
            self.broken = True
        yield from merge(*self.sides, key=moment_of)
        if self.broken:
            yield self._unread(BROKEN)
        elif not self.cursor.found:
            yield self._unread(NO_EXPORT)

    def _value(self, event: Event, path: Path) -> Generator[Record, None, bool]:
        """The records below a value that has begun, and whether it is or holds a list of messages."""
        program = self.program
        if event[0] == "start_array" and any(_fits(path, one) for one in program.lists):
            self.cursor.found = True
            yield from self._list(path)
            return True
        if event[0] in {"start_array", "start_map"} and _next(path, program.lists + program.names):
            return (yield from self._inside(event, path))
        if event[0] == "string" and any(_fits(path, one) for one in program.names):
            self.names[path] = event[1]
        self.cursor.skip(event)
        return False

    def _inside(self, event: Event, path: Path) -> Generator[Record, None, bool]:
        """The records below an object or array that has begun; a chat without a list of messages is told."""
        are_chats = "*" in _next(path, self.program.lists)
        self.cursor.found |= are_chats
        has_list = False
        for key, child in self._children(event):
            below = (*path, key)
            self.cursor.place = pointer(below)
            found = yield from self._value(child, below)
            if are_chats and not found:
                self.cursor.place = pointer(below)
                yield self._unread(NO_CHAT)
            has_list |= found
        return has_list

    def _children(self, event: Event) -> Iterator[tuple[str, Event]]:
        """The key or number of each value in an object or array, and the event with which it begins."""
        if event[0] == "start_map":
            for key in self.cursor.names():
                yield key, self.cursor.take()
        else:
            for number, element in enumerate(self.cursor.elements()):
                yield str(number), element

    def _list(self, path: Path) -> Iterator[Record]:
        """The records of a list that has begun, as its program wants them ordered.

        Raises:
            BrokenError: nothing more can be read; what could be was yielded.
        """
        if self.program.in_order:
            yield from self._items(path)
        elif self.program.merged(path):
            self.sides.append(list(oldest_first(list(self._items(path)))))
        else:
            yield from oldest_first(list(self._items(path)))
        if self.broken:
            raise BrokenError

    def _items(self, path: Path) -> Iterator[Record]:
        """The records of a list in its own order, up to its end or where it is broken."""
        try:
            for number, element in enumerate(self.cursor.elements()):
                self.cursor.place = pointer((*path, str(number)))
                item = self.cursor.build(element)
                yield self._record(item, Place(self.source, self.zone, path, number, self.names))
        except BrokenError:
            self.broken = True

    def _record(self, item: object, place: Place) -> Record:
        made = self.program.make(item, place) if isinstance(item, dict) else None
        if isinstance(made, Message):
            return made
        if made is None:
            return self._unread(NO_MESSAGE)
        return Passed(self.source.name, self.cursor.place, made)

    def _unread(self, reason: str) -> Unread:
        return Unread(self.source.name, self.cursor.place, reason.format(expected=self.program.expected))


def _next(path: Path, patterns: tuple[Path, ...]) -> set[str]:
    """The keys that may follow a path on the way to what the patterns mean."""
    depth = len(path)
    return {one[depth] for one in patterns if len(one) > depth and _fits(path, one[:depth])}


def _fits(path: Path, pattern: Path) -> bool:
    """Whether a path is one of those that a pattern means."""
    return len(path) == len(pattern) and all(
        wanted in {key, "*"} for key, wanted in zip(path, pattern, strict=True)
    )
