"""The elements of a backup, one after the other; the unit is the item.

The app writes all SMS and then all MMS. So a backup is read twice, side by side, once for each, and they are
put among one another by their times. SMS among themselves, and MMS, stay in the order of the file; where in
the chats of the first ones the newest comes first, they are held in memory and turned round.

A document type is refused, since the app writes none: so no entity is ever expanded or fetched.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import chain, islice, pairwise
from operator import itemgetter
from typing import Never
from xml.parsers import expat

from detector.read.dates import declared_zone
from detector.read.sms_backup.elements import Attributes, Element, Phone
from detector.read.sms_backup.references import Repair, Repaired
from detector.read.source import InputFile, ReadOptions
from detector.read.timestamps import EARLIEST, moment_of
from detector.records import Message, Record, Unread

ROOTS = {"smses": ("sms", "mms"), "calls": ("call",)}
SURVEYED = 256
"""So many SMS, and as many MMS, are looked at for whether the newest comes first."""

MAX_DEPTH = 20
MAX_TAG_BYTES = 1 << 26
"""Pictures left out, no tag is nearly as large."""

BROKEN = (
    "the XML ends early or is damaged here, nothing after it can be read.\n"
    "Expected a complete backup of SMS Backup & Restore.\n"
    "Copy or download the file again; what stands before this place was read."
)
NO_BACKUP = (
    "this XML is no backup of messages or calls, or defines a type of its own.\n"
    'Expected <smses> or <calls>, as SMS Backup & Restore writes them, without "<!DOCTYPE".\n'
    "If the file has another format, say so with --format."
)
NO_MESSAGE = (
    "the element is neither a message nor a call.\n"
    "Expected <sms>, <mms> or <call>.\n"
    "Look at this place of the file; the other elements were read."
)
MISSING = (
    "the file says that it holds more messages or calls than are in it.\n"
    "Expected as many as its first element counts.\n"
    "Make the backup again, or ask what was taken out; all that is in it was read."
)


class _NotReadableError(Exception):
    """Nothing more is read of the file; its text is the reason."""


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages or calls of a backup, the oldest of a chat first; after damage, one `Unread` for the rest.

    Of a backup that runs forwards only the first messages are in memory together, and of all pictures and
    films little more than the names. In one that runs backwards the `Unread` stands first.

    Raises:
        InputError: the declared zone is not known.
    """
    zone = declared_zone(options.tz) if options.tz else None
    return _in_order_of_time(Phone(source, zone))


def _in_order_of_time(phone: Phone) -> Iterator[Record]:
    """SMS and MMS among one another; MMS are looked for first, past the names that SMS have for contacts."""
    mms = _oldest_first(record for record in _records(phone) if _is_mms(record))
    sms = _oldest_first(record for record in _records(phone) if not _is_mms(record))
    yield from (record for _, record in merge(_timed(sms), _timed(mms), key=itemgetter(0)))


def _oldest_first(records: Iterator[Record]) -> Iterator[Record]:
    """The records, from the last one on where the first ones run backwards."""
    first = list(islice(records, SURVEYED))
    return reversed([*first, *records]) if _runs_backwards(first) else chain(first, records)


def _runs_backwards(records: Sequence[Record]) -> bool:
    """Whether more records were sent before the last one of their thread above them than after it.

    Threads that stand one after the other tell nothing by their own order.
    """
    times: dict[str | None, list[datetime]] = defaultdict(list)
    for record in records:
        if isinstance(record, Message) and record.sent_at:
            times[record.thread].append(moment_of(record))
    steps = [step for thread in times.values() for step in pairwise(thread)]
    return sum(later < earlier for earlier, later in steps) > sum(later > earlier for earlier, later in steps)


def _is_mms(record: Record) -> bool:
    return isinstance(record, Message) and record.source is not None and "/mms[" in record.source.locator


def _timed(records: Iterator[Record]) -> Iterator[tuple[datetime, Record]]:
    """Records with the latest time up to them, so that none overtakes another of its kind."""
    latest = EARLIEST
    for record in records:
        latest = max(latest, moment_of(record))
        yield latest, record


def _records(phone: Phone) -> Iterator[Record]:
    source = phone.source
    with source.open() as stream:
        backup = _Backup(phone, Repaired(stream))
        try:
            for _ in backup.steps():
                while backup.records:
                    yield backup.records.popleft()
        except (_NotReadableError, expat.ExpatError) as error:
            yield from backup.records
            reason = str(error) if isinstance(error, _NotReadableError) else BROKEN
            yield Unread(source.name, backup.place, reason, units=max(1, backup.missing))
            return
    yield from backup.records
    if backup.missing > 0:
        yield Unread(source.name, backup.place, MISSING, units=backup.missing)


class _Backup:
    """Makes records of the elements that a parser meets; whole ones are in `records`."""

    def __init__(self, phone: Phone, xml: Repaired) -> None:
        self.records: deque[Record] = deque()
        self.place = "/"
        self.missing = 0
        self._phone = phone
        self._xml = xml
        self._open: list[str] = []
        self._element: Element | None = None
        self._numbers: Counter[str] = Counter()
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def steps(self) -> Iterator[None]:
        """Reads on, a step at a time.

        The parser begins a tag that is not whole anew each time: it gets as much again as it has not used.

        Raises:
            ExpatError: from here on it is no XML.
        """
        waiting: list[bytes] = []
        size = fed = 0
        for chunk in self._xml.chunks():
            waiting.append(chunk)
            size += len(chunk)
            unused = fed - max(self._parser.CurrentByteIndex, 0)
            if unused > MAX_TAG_BYTES:
                raise _NotReadableError(BROKEN)
            if size >= unused:
                self._parser.Parse(b"".join(waiting), False)
                fed += size
                waiting, size = [], 0
                yield
        self._parser.Parse(b"".join(waiting), True)

    def _refuse(self, *_: object) -> Never:
        raise _NotReadableError(NO_BACKUP)

    def _start(self, name: str, given: Attributes) -> None:
        """An element begins."""
        if not self._open:
            if name not in ROOTS:
                self._refuse()
            self.missing = _counted(given)
        elif len(self._open) == 1:
            self._numbers[name] += 1
            line = self._parser.CurrentLineNumber
            self.place = f"/{self._open[0]}/{name}[{self._numbers[name]}], line {line}"
            self._xml.before(self._parser.CurrentByteIndex)
            self._element = Element(name, self.place, given)
        elif self._element is not None and name == "part":
            self._element.parts.append({key: value for key, value in given.items() if key != "data"})
        elif self._element is not None and name == "addr":
            self._element.addresses.append(given)
        self._open.append(name)
        if len(self._open) > MAX_DEPTH:
            raise _NotReadableError(BROKEN)

    def _end(self, name: str) -> None:
        """An element ends, and with it perhaps a message."""
        self._open.pop()
        element = self._element
        if element is None:
            return
        repairs = self._xml.before(self._parser.CurrentByteIndex)
        if name == "part":
            repairs.discard(Repair.LEFT_OUT)
        element.repairs.update(repairs)
        if len(self._open) == 1:
            self._element = None
            self.records.append(self._record(element, self._open[0]))

    def _record(self, element: Element, root: str) -> Record:
        self.missing -= 1
        if element.name not in ROOTS[root]:
            return Unread(self._phone.source.name, element.place, NO_MESSAGE)
        return self._phone.message(element)


def _counted(given: Attributes) -> int:
    """How many messages or calls the first element says there are; 0 where it does not say."""
    count = given.get("count", "")
    return int(count) if re.fullmatch(r"[0-9]{1,9}", count) else 0
