"""The rows of tables of messages as records, in the order of time, each fetched by its number.

First the numbers and times of all rows are gathered (some tens of bytes a row), then the rows follow one by
one. A row that cannot be read is told, and so is a damaged part of the table; what lies before and behind it
is read.
"""

import sqlite3
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from heapq import merge
from operator import itemgetter
from zoneinfo import ZoneInfo

from detector.read.databases.layout import Epoch, Layout, Part, Told
from detector.read.databases.opening import DAMAGE
from detector.read.source import OWNER, InputFile
from detector.read.timestamps import DATE_NOT_UNDERSTOOD, epoch_iso
from detector.records import Kind, Message, Passed, PassedKind, Record, Source, Unread

OBJECT = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in texts of Apple's for an attachment."""

NANOSECONDS_FROM = 10**11
"""Apple's times of this size are nanoseconds: as seconds they would lie in the year 5000."""
EARLIEST, LATEST = 10**14, 5 * 10**15
"""Microseconds since 1970, in 1973 and 2128: other numbers are no times of messages."""

WITHOUT_WORDS = {
    Told.DELETED: Kind.DELETED,
    Told.CALL: Kind.CALL,
    Told.FILE: Kind.MEDIA,
    Told.REACTION: Kind.MEDIA,
}
"""Kinds of rows that hold no words of the sender's."""

REACTION = "a reaction, not scored: the words in it are another's"
NO_TEXT = "the row has no text"

DAMAGED = (
    "this part of the table is damaged, its rows cannot be read.\n"
    "Expected a database that is whole.\n"
    "Copy it again from its source, or mend a copy with the .recover command of sqlite3; "
    "the rows before and behind were read."
)
DAMAGED_ROW = (
    "the row cannot be read: the database is damaged there.\n"
    "Expected a database that is whole.\n"
    "Copy it again from its source; the other rows were read."
)
NO_WORDS = (
    "a text or name in the row is no UTF-8.\n"
    "Expected text in the encoding of the database.\n"
    "Look at this row of the database; the other rows were read."
)
PACKED = (
    "the text of the row is packed (attributedBody) and cannot be opened.\n"
    "Expected an archive of NSArchiver with a string, and the package pytypedstream.\n"
    'Install it with `pip install "extortion-detector[imessage]"`; if it is there, look at this row itself.'
)

Row = Mapping[Part, object]
Copied = Mapping[object, set[object]]
"""The ids of rows that another table has as well, by the id of their chat."""
Timed = tuple[float, Record]
"""When a row was sent, in seconds since 1970, and its record."""


@dataclass(slots=True)
class _Keys:
    """The numbers of rows, their times in seconds since 1970, and where rows between are lost."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    gap: str | None = None

    def in_order(self) -> list[int]:
        """Where the rows stand in `numbers`, the earliest first; rows of one time in their own order."""
        return sorted(range(len(self.numbers)), key=self.times.__getitem__)


def is_in(connection: sqlite3.Connection, layout: Layout) -> bool:
    """Whether a database has the table."""
    return _compiles(connection, layout, ", ".join(("rowid", *layout.columns)))


def records_of(
    connection: sqlite3.Connection, layouts: list[Layout], source: InputFile, zone: ZoneInfo | None
) -> Iterator[Record]:
    """One record for each row of these tables, and one for the part of each that is damaged."""
    tables = [_Table(connection, layout, source, zone) for layout in layouts]
    for _, record in merge(*(table.rows() for table in tables), key=itemgetter(0)):
        yield record
    yield from (Unread(source.name, table.gap, DAMAGED) for table in tables if table.gap is not None)


def _compiles(connection: sqlite3.Connection, layout: Layout, expression: str) -> bool:
    """Whether a database has the tables and columns that an expression names."""
    try:
        connection.execute(f"EXPLAIN SELECT {expression} FROM {layout.table} AS m")  # noqa: S608 - our own SQL
    except sqlite3.DatabaseError:
        return False
    return True


def _copied(connection: sqlite3.Connection, layout: Layout) -> Copied:
    """The rows that another table has as well, as far as that table can be read."""
    copied: dict[object, set[object]] = {}
    for query in layout.copied_to:
        with suppress(*DAMAGE):
            for chat, one in connection.execute(query):
                if chat is not None and one is not None:
                    copied.setdefault(chat, set()).add(one)
    return copied


class _Table:
    """A table of a database that is open, with the SQL for the parts of its rows."""

    def __init__(
        self, connection: sqlite3.Connection, layout: Layout, source: InputFile, zone: ZoneInfo | None
    ) -> None:
        self._connection = connection
        self._layout = layout
        self._source = source
        self._zone = zone
        self.gap: str | None = None
        self._parts = {part: self._sql(part) for part in layout.parts}

    def _sql(self, part: Part) -> str:
        """An expression for a part, of those that the database has the tables and columns for."""
        there = [one for one in self._layout.parts[part] if _compiles(self._connection, self._layout, one)]
        return f"COALESCE({', '.join((*there, 'NULL', 'NULL'))})"

    def rows(self) -> Iterator[Timed]:
        """All rows in reach, the earliest first; then `gap` tells where rows are lost."""
        keys = self._keys()
        self.gap = keys.gap
        copied = _copied(self._connection, self._layout)
        for at in keys.in_order():
            yield keys.times[at], self._record(keys.numbers[at], copied)

    def _keys(self) -> _Keys:
        """The numbers of all rows in reach: from the first on and, past damage, from the last back."""
        keys = _Keys()
        try:
            self._gather(keys, "ASC", None)
        except DAMAGE:
            last = keys.numbers[-1] if keys.numbers else None
            behind = _Keys()
            with suppress(*DAMAGE):
                self._gather(behind, "DESC", last)
            keys.gap = self._gap(last, behind.numbers[-1] if behind.numbers else None)
            keys.numbers.extend(reversed(behind.numbers))
            keys.times.extend(reversed(behind.times))
        return keys

    def _gather(self, keys: _Keys, order: str, last: int | None) -> None:
        """Adds numbers and times in an order, down to the number `last`.

        Raises:
            sqlite3.DatabaseError: the table is damaged from here on.
        """
        found = self._connection.execute(
            f"SELECT m.rowid, {self._parts[Part.TIME]} FROM {self._layout.table} AS m NOT INDEXED "  # noqa: S608
            f"ORDER BY m.rowid {order}"
        )
        for number, time in found:
            if last is not None and number <= last:
                return
            keys.numbers.append(number)
            keys.times.append(_seconds(time, self._layout.epoch))

    def _gap(self, last: int | None, first: int | None) -> str:
        """The locator of the rows between two numbers."""
        start = "the first row" if last is None else f"after row {last}"
        end = "the last row" if first is None else f"before row {first}"
        return f"{self._layout.table}: {start} to {end}"

    def _record(self, number: int, copied: Copied) -> Record:
        """The row of this number as a record; one that was `copied` is a blank of this table."""
        place = f"{self._layout.table}:{number}"
        try:
            cells = self._connection.execute(
                f"SELECT {', '.join(self._parts.values())} FROM {self._layout.table} AS m WHERE m.rowid = ?",  # noqa: S608
                (number,),
            ).fetchone()
        except DAMAGE:
            cells = None
        if cells is None:
            return Unread(self._source.name, place, DAMAGED_ROW)
        row = dict(zip(self._parts, cells, strict=True))
        if row.get(Part.ID) in copied.get(row.get(Part.CHAT_ID), ()):
            return Passed(self._source.name, place, PassedKind.BLANK)
        return self._told(row, Source(self._source.name, self._source.sha256, place))

    def _told(self, row: Row, at: Source) -> Record:
        """What a row holds."""
        kind = row.get(Part.KIND)
        told = Told(kind.decode()) if isinstance(kind, bytes) else None
        if told is Told.SYSTEM or told is Told.BLANK:
            passed = PassedKind.SYSTEM if told is Told.SYSTEM else PassedKind.BLANK
            return Passed(at.file, at.locator, passed)
        try:
            text, packed = _words(row, Part.TEXT), row.get(Part.BODY)
            if text is None and isinstance(packed, bytes) and self._layout.unpack is not None:
                text = self._layout.unpack(packed)
                if text is None:
                    return Unread(at.file, at.locator, PACKED)
            return self._message(row, told, text or "", at)
        except UnicodeDecodeError:
            return Unread(at.file, at.locator, NO_WORDS)

    def _message(self, row: Row, told: Told | None, text: str, at: Source) -> Message:
        """A message of a row.

        Raises:
            UnicodeDecodeError: one of its words is damaged.
        """
        sent_at = _sent_at(row.get(Part.TIME), self._layout.epoch, self._zone)
        doubts = (*_doubts(row, told, text), *(() if sent_at else (DATE_NOT_UNDERSTOOD,)))
        from_me = row.get(Part.FROM_ME)
        direction = None if from_me is None else "sent" if from_me == 1 else "received"
        return Message(
            text=text,
            id=_words(row, Part.ID) or "",
            thread=_thread(row, at),
            sender=None if from_me is None else OWNER if from_me == 1 else _words(row, Part.SENDER),
            sent_at=sent_at,
            kind=_kind(told, text),
            attachment=_words(row, Part.ATTACHMENT),
            edited=row.get(Part.EDITED) == 1,
            reply_to=_words(row, Part.REPLY_TO),
            direction=direction,
            source=replace(at, warnings=doubts),
        )


def _kind(told: Told | None, text: str) -> Kind:
    """What a message consists of. A caption is scored like any text."""
    if told in WITHOUT_WORDS:
        return WITHOUT_WORDS[told]
    written = text.replace(OBJECT, "").strip()
    return Kind.TEXT if written or (told is Told.TEXT and OBJECT not in text) else Kind.MEDIA


def _doubts(row: Row, told: Told | None, text: str) -> Iterator[str]:
    """What to warn of in a row.

    Raises:
        UnicodeDecodeError: its note is no text.
    """
    if told is None:
        yield f"messages of type {row.get(Part.TYPE)} are not known here, taken as {_kind(told, text)}"
    elif told is Told.REACTION:
        yield REACTION
    elif told is Told.TEXT and not text:
        yield NO_TEXT
    note = _words(row, Part.NOTE)
    if note is not None:
        yield note


def _words(row: Row, part: Part) -> str | None:
    """A part of a row as text; None where it is empty.

    Raises:
        UnicodeDecodeError: it is no text.
    """
    value = row.get(part)
    if value is None or value == b"":
        return None
    return value.decode() if isinstance(value, bytes) else str(value)


def _thread(row: Row, at: Source) -> str | None:
    """What tells a chat from all others, for people: its name, and its id where it has one."""
    name, chat_id = _words(row, Part.CHAT), _words(row, Part.CHAT_ID)
    if name is not None and chat_id is not None and name != chat_id:
        return f"{name} ({chat_id})"
    number = _words(row, Part.CHAT_NUMBER)
    return name or chat_id or (f"{at.file}: {number}" if number else None)


def _units(written: float, epoch: Epoch) -> int:
    """How many parts a second has in a time."""
    return 10**9 if epoch is Epoch.APPLE and written >= NANOSECONDS_FROM else epoch.value[1]


def _seconds(written: object, epoch: Epoch) -> float:
    """A time in seconds since 1970; 0 where it is none."""
    return epoch.value[0] + written / _units(written, epoch) if isinstance(written, int | float) else 0.0


def _sent_at(written: object, epoch: Epoch, zone: ZoneInfo | None) -> str | None:
    """When a message was sent, in UTC or the declared zone; None where no such time can be."""
    if not isinstance(written, int | float) or written <= 0 or written != written:  # noqa: PLR0124 - NaN
        return None
    units = _units(written, epoch)
    since = (
        written * 10**6 // units if isinstance(written, int) else int(min(written / units, LATEST) * 10**6)
    )
    microseconds = epoch.value[0] * 10**6 + since
    return epoch_iso(microseconds, zone) if EARLIEST <= microseconds <= LATEST else None
