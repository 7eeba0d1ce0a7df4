"""WhatsApp's "Export chat" from Android and iPhone phones, in Arabic, English, French, German and Turkish.

Bodies are verbatim: lines end at line feeds only, and neither digits nor invisible characters are touched.
Stamps of the file's commonest shape begin messages, and of others where they recur: an appended export, or
a phone that changed its clock. A single one of another shape is read as words of the message it stands in:
whoever can write a message could otherwise put a forged one into another's mouth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import BinaryIO
from zoneinfo import ZoneInfo

from detector.read.dates import declared_zone, local_iso
from detector.read.marks import MARKS, strip_marks
from detector.read.source import NOT_UTF8, Format, InputFile, ReadOptions
from detector.read.whatsapp_headers import LONGEST_STAMP, Shape, Stamp, read_stamp
from detector.read.whatsapp_notices import MARK, is_encryption_notice, is_event, names_group, read_body
from detector.read.whatsapp_survey import AS_WINDOWS_1256, LONGEST_SENDER, Survey, Writing, survey
from detector.records import Kind, Message, Passed, PassedKind, Record, Source, Unread

IMITATED = "a line of this message looks like the start of a message in another shape than this file's"
OTHER_SHAPE = (
    "this message begins in another shape than most of the file or than the one before it: "
    "another export was appended, or a message imitates its beginning"
)
LONE_RETURNS = (
    "this message holds stamps after carriage returns without line feeds, other messages may stand in it: "
    "save the file with line feeds and scan it again"
)
LONG_NAME = 'the name holds ": ", where it ends was told by how often it recurs'

NO_MESSAGE = (
    "this line starts no message and none came before it.\n"
    'Expected a line such as "12/03/2024, 21:07 - Name: text" or "[12/03/2024, 21:07:00] Name: text".\n'
    "If the export is of another app, say so with --format."
)
AFTER_SYSTEM = (
    "this line follows a system line and belongs to no message.\n"
    "Expected the start of the next message.\n"
    "Look at the line in the file: a name may stand there that is written in an unusual way."
)

_RETURN = re.compile(rf"\r(?=[{MARKS}\[]{{0,9}}[0-9٠-٩۰-۹])")


def sniff(head: str, lines: int = 200) -> Format | None:
    """The format whose stamp begins one of the first non-blank lines of `head`; None if none does."""
    return next(stamped(head, lines), None)


def stamped(head: str, lines: int = 200) -> Iterator[Format]:
    """The formats of the stamps that begin the first non-blank lines of `head`, in order."""
    ends = "\n" if "\n" in head else "\r"
    filled = (line.removesuffix("\r") for line in head.split(ends) if line.strip())
    for line in islice(filled, lines):
        if stamp := read_stamp(line):
            yield stamp.shape.format


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The records of an export; their units are its physical lines.

    Raises:
        InputError: the declared zone is not known.
    """
    zone = declared_zone(options.tz) if options.tz else None
    return _records(source, options, zone)


def _records(source: InputFile, options: ReadOptions, zone: ZoneInfo | None) -> Iterator[Record]:
    with source.open() as stream:
        told = survey(_lines(stream), options)
    reader = _Reader(source, told, zone)
    draft: _Draft | None = None
    with source.open() as stream:
        for number, raw in enumerate(_lines(stream), 1):
            line, damaged = _decoded(raw, told.encoding)
            stamp = read_stamp(line)
            if stamp is not None and reader.starts(stamp.shape):
                if draft is not None:
                    yield from reader.finish(draft)
                draft = reader.begin(number, line, stamp)
            elif draft is None:
                yield reader.stray(number, line, NO_MESSAGE)
            else:
                draft.lines.append(line)
                draft.imitated |= stamp is not None
            if draft is not None:
                draft.damaged |= damaged
    if draft is not None:
        yield from reader.finish(draft)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Physical lines without their line feed and one carriage return before it.

    A file without any line feed has its lines end in carriage returns, as old Macs wrote them.
    """
    first = next(stream, b"")
    lines = iter([first]) if first.endswith(b"\n") else iter(first.removesuffix(b"\r").split(b"\r"))
    for raw in chain(lines if first else (), stream):
        yield raw.removesuffix(b"\n").removesuffix(b"\r")


def _decoded(raw: bytes, encoding: str) -> tuple[str, bool]:
    """The text of a line, and whether bytes of it had to be replaced."""
    try:
        return raw.decode(encoding), False
    except UnicodeDecodeError:
        return raw.decode(encoding, errors="replace"), True


@dataclass(slots=True)
class _Draft:
    """A message while its lines are gathered. `lines` begins with the rest of the stamp's line."""

    number: int
    stamp: Stamp
    lines: list[str] = field(default_factory=list)
    other_shape: bool = False
    imitated: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class _Split:
    """Who sent a message, and what follows the name."""

    sender: str | None
    body: str
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reader:
    """Turns drafts into records, with what the survey told."""

    source: InputFile
    told: Survey
    zone: ZoneInfo | None
    previous: Shape | None = None
    led: bool = False
    begun: set[Shape] = field(default_factory=set)

    def starts(self, shape: Shape) -> bool:
        """Whether a stamp of this shape begins a message.

        Before the first one of a shape that does, all do: there is no message yet that could imitate them.
        """
        self.led |= shape in self.told.starting
        return shape in self.told.starting or (not self.led and shape in self.told.writings)

    def begin(self, number: int, line: str, stamp: Stamp) -> _Draft:
        other = stamp.shape != self.told.shape or self.previous not in (None, stamp.shape)
        self.previous = stamp.shape
        return _Draft(number, stamp, [line[stamp.end :]], other)

    def stray(self, number: int, line: str, reason: str) -> Record:
        """A line that belongs to no message."""
        locator = f"line {number}"
        if not strip_marks(line).strip():
            return Passed(self.source.name, locator, PassedKind.BLANK)
        return Unread(self.source.name, locator, reason)

    def finish(self, draft: _Draft) -> Iterator[Record]:
        """The record of a whole draft; the lines after a system line are records of their own."""
        told = self.told.writings[draft.stamp.shape]
        split = _split(draft.lines[0], told)
        if self._is_system(draft, split, told) and not _hides_stamps(draft):
            if split.sender is None and (call := self._call(draft, split.body)):
                yield call
            else:
                yield Passed(self.source.name, f"line {draft.number}", PassedKind.SYSTEM)
            for number, line in enumerate(draft.lines[1:], draft.number + 1):
                yield self.stray(number, line, AFTER_SYSTEM)
        else:
            self.begun.add(draft.stamp.shape)
            yield self._message(draft, split)

    def _is_system(self, draft: _Draft, split: _Split, told: Writing) -> bool:
        """Whether WhatsApp itself speaks: no sender, or on an iPhone a notice under a sender's name.

        Where the marks of the phone were lost on the way, a sender's "You have 24 hours left" would pass for
        a notice: then only the one on encryption is told. Words on further lines are no notice's.
        """
        if split.sender is None:
            return True
        if draft.stamp.shape.format is not Format.WHATSAPP_IOS:
            return False
        if any(strip_marks(line).strip() for line in draft.lines[1:]):
            return False
        if told.marked and not split.body.startswith(MARK):
            return False
        if draft.stamp.shape not in self.begun and is_encryption_notice(split.body):
            return True
        return told.marked and is_event(split.body, told.names)

    def _call(self, draft: _Draft, words: str) -> Message | None:
        """A call that Android notes without a sender."""
        if read_body(words, False).kind is not Kind.CALL:
            return None
        alone = replace(draft, lines=draft.lines[:1])
        return self._message(alone, _Split(None, words))

    def _message(self, draft: _Draft, split: _Split) -> Message:
        body = "\n".join((split.body, *draft.lines[1:]))
        content = read_body(body, self.told.writings[draft.stamp.shape].marked)
        sent_at, warnings = self._sent_at(draft.stamp)
        if self.told.encoding != "utf-8":
            warnings += (AS_WINDOWS_1256,)
        warnings += (OTHER_SHAPE,) * draft.other_shape + (IMITATED,) * draft.imitated
        warnings += (LONE_RETURNS,) * _hides_stamps(draft) + (NOT_UTF8,) * draft.damaged
        return Message(
            text=content.text,
            thread=self.source.name,
            sender=split.sender,
            sent_at=sent_at,
            kind=content.kind,
            attachment=content.attachment,
            edited=content.edited,
            source=Source(
                file=self.source.name,
                sha256=self.source.sha256,
                locator=f"line {draft.number}",
                units=len(draft.lines),
                warnings=split.warnings + warnings,
            ),
        )

    def _sent_at(self, stamp: Stamp) -> tuple[str | None, tuple[str, ...]]:
        """When a message was sent, and what to warn of."""
        told = self.told.writings[stamp.shape]
        moment = stamp.moment(told.order)
        if isinstance(moment, str):
            return None, (moment,)
        sent_at, warnings = local_iso(moment, self.zone)
        return sent_at, warnings + told.doubts(stamp)


def _split(rest: str, told: Writing) -> _Split:
    """The sender and the first line of the body. System lines have no sender on Android."""
    end = rest.find(": ", 0, LONGEST_SENDER)
    if end < 0:
        return _split_tight(rest, told)
    name = strip_marks(rest[:end])
    second = rest.find(": ", end + 2, LONGEST_SENDER)
    if second > 0 and strip_marks(rest[:second]) in told.nested:
        return _Split(strip_marks(rest[:second]), rest[second + 2 :], (LONG_NAME,))
    if not told.knows(name) and names_group(rest):
        return _Split(None, rest)
    return _Split(name, rest[end + 2 :])


def _split_tight(rest: str, told: Writing) -> _Split:
    """The same where no space follows the colon: an empty body, or a known name."""
    end = rest.find(":", 0, LONGEST_SENDER)
    name = strip_marks(rest[:end]) if end > 0 else ""
    if name and (end + 1 == len(rest) or name in told.plain):
        return _Split(name, rest[end + 1 :])
    return _Split(None, rest)


def _hides_stamps(draft: _Draft) -> bool:
    """Whether stamps follow carriage returns that no line feed follows: lines end at line feeds only."""
    return any(
        read_stamp(line[found.end() : found.end() + LONGEST_STAMP])
        for line in draft.lines
        for found in _RETURN.finditer(line)
    )
