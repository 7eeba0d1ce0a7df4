"""Telegram Desktop's export in HTML: the pages of one chat, a thousand messages each.

A page is read from its beginning, a piece at a time. A message is a `div` of class `message`: one of the
service where it also has the class `service`, and of the sender before it where it has the class `joined`.
The unit is the message, service lines among them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from detector.read.dates import declared_zone
from detector.read.markup import VOID, Page, said
from detector.read.source import NOT_UTF8, DateOrder, InputFile, ReadOptions
from detector.read.timestamps import DATE_NOT_UNDERSTOOD, DateStyle, written_time
from detector.records import FORWARDED, Kind, Message, Passed, PassedKind, Record, Source, Unread

HEAD_BYTES = 1 << 16
MESSAGE = re.compile(rb"<div class=\"message (?:default|service)\b")
VIA_BOT = re.compile(r"\s+via @\w+$")
"""Stands behind the name of whoever had a bot find what was sent."""
FILE_NAME = re.compile(r"[^/\\!]*$")

OFFSET_AS_PRINTED = "the offset is the one on the page, which may leave summer time out"
BROKEN = (
    "the page ends early, is damaged or has no messages.\n"
    "Expected a complete messages.html of Telegram Desktop.\n"
    "Copy or export the file again; what stands before this place was read."
)


def is_page(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a page of messages."""
    return MESSAGE.search(head) is not None


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The records of a page, in its order; one `Unread` where it ends early."""
    zone = declared_zone(options.tz) if options.tz else None
    return _records(source, zone)


def _records(source: InputFile, zone: ZoneInfo | None) -> Iterator[Record]:
    page = _Page()
    writer = _Writer(source, zone, page)
    for _ in page.pieces_of(source):
        yield from writer.written()
    if not page.ended or not writer.count:
        yield Unread(source.name, f"message {writer.count + 1}", BROKEN)


@dataclass(slots=True)
class _Draft:
    """A message while its elements are gathered; texts are lists of pieces."""

    id: str
    service: bool
    joined: bool
    depth: int
    name: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    sent: str | None = None
    reply_to: str | None = None
    attachment: str | None = None
    media: bool = False
    call: bool = False
    forwarded: bool = False


class _Page(Page[_Draft]):
    """Finds messages in the elements of a page; whole ones are in `drafts`."""

    def __init__(self) -> None:
        super().__init__()
        self.title: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        if tag == "br" and self.open and self.open[-1].pieces is not None:
            self.open[-1].pieces.append("\n")
        if tag in VOID:
            return
        self.depth += 1
        named = {name: value or "" for name, value in attrs}
        classes = frozenset(named.get("class", "").split())
        if self.draft is not None and tag == "div" and "message" in classes:
            self.finish(self.draft)  # an element in it was left open: messages never stand in one another
        if self.draft is None:
            self._outside(classes, named)
        else:
            self._inside(self.draft, classes, named)

    def _outside(self, classes: frozenset[str], named: dict[str, str]) -> None:
        """An element that stands in no message: the title of the page, or the beginning of one."""
        if "message" in classes:
            self.open.clear()
            self.draft = _Draft(named.get("id", ""), "service" in classes, "joined" in classes, self.depth)
        elif {"text", "bold"} <= classes and not self.title:
            self.gather(self.title)

    def _inside(self, draft: _Draft, classes: frozenset[str], named: dict[str, str]) -> None:
        """An element of a message."""
        if "forwarded" in classes and "body" in classes:
            draft.forwarded = True
        elif "date" in classes and draft.sent is None:
            draft.sent = named.get("title", "")
        elif "text" in classes:
            self.gather(draft.text)
        elif classes & {"question", "answer"}:
            draft.asked.append([])
            self.gather(draft.asked[-1])
        elif "from_name" in classes:
            self.gather(None if draft.forwarded else draft.name)
        elif classes & {"details", "date"} and self.open:
            self.gather(None)
        draft.media |= bool(classes & {"media_wrap", "media_poll"})
        draft.call |= "media_call" in classes
        if "userpic_link" not in classes and not self.open:
            _follow(draft, named.get("href", ""))


def _follow(draft: _Draft, target: str) -> None:
    """A link of a message outside its words: to the one it answers, or to a file beside the page."""
    page, answers, number = target.rpartition("#go_to_")
    if answers:
        draft.reply_to = draft.reply_to or f"{page}:{number}"
    elif target and ":" not in target and not target.startswith(("#", "//")):
        draft.attachment = draft.attachment or target


@dataclass(slots=True)
class _Writer:
    """Turns drafts into records."""

    source: InputFile
    zone: ZoneInfo | None
    page: _Page
    count: int = 0
    sender: str | None = None

    def written(self) -> Iterator[Record]:
        """The records of the messages that are whole by now."""
        while self.page.drafts:
            draft = self.page.drafts.popleft()
            self.count += 1
            yield self._record(draft)

    def _record(self, draft: _Draft) -> Record:
        place = draft.id or f"message {self.count}"
        if draft.service and not draft.call:
            return Passed(self.source.name, place, PassedKind.SYSTEM)
        if not draft.joined or draft.name:
            self.sender = VIA_BOT.sub("", said(draft.name)) or None
        text = said(draft.text) or "\n".join(said(one).removeprefix("- ") for one in draft.asked)
        sent_at, warnings = self._sent_at(draft.sent)
        warnings += (FORWARDED,) * draft.forwarded + (NOT_UTF8,) * ("\N{REPLACEMENT CHARACTER}" in text)
        return Message(
            text=text,
            thread=self._thread(),
            sender=self.sender,
            sent_at=sent_at,
            kind=_kind(draft, text),
            attachment=draft.attachment,
            reply_to=self._answered(draft.reply_to),
            source=Source(self.source.name, self.source.sha256, place, warnings=warnings),
        )

    def _sent_at(self, written: str | None) -> tuple[str | None, tuple[str, ...]]:
        """When a message was sent, and what to warn of.

        Telegram prints the local time of the computer, and may print the offset of its winter: where that
        is the one of the declared zone, the local time counts.
        """
        if not written:
            return None, (DATE_NOT_UNDERSTOOD,)
        sent_at, warnings = written_time(written, DateStyle(declared=self.zone, order=DateOrder.DMY))
        if sent_at is None or "UTC" not in written:
            return sent_at, warnings
        if self.zone is None:
            return sent_at, (*warnings, OFFSET_AS_PRINTED)
        moment = datetime.fromisoformat(sent_at)
        local = moment.replace(tzinfo=self.zone)
        if moment.utcoffset() == (local.utcoffset() or timedelta()) - (local.dst() or timedelta()):
            return local.isoformat(), warnings
        return moment.astimezone(self.zone).isoformat(), (*warnings, OFFSET_AS_PRINTED)

    def _answered(self, link: str | None) -> str | None:
        """The id of the message that another answers, as that one gets it: its page and place."""
        page, _, place = (link or "").partition(":")
        return (
            f"{FILE_NAME.sub(page, self.source.name, 1) if page else self.source.name}:{place}"
            if place
            else None
        )

    def _thread(self) -> str:
        """What tells the chat from all others, for people: its title, and the folder of its pages."""
        folder = PurePosixPath(self.source.name.replace("\\", "/")).parent.name
        title = said(self.page.title) or self.source.name
        return f"{title} ({folder})" if folder else title


def _kind(draft: _Draft, text: str) -> Kind:
    if draft.call:
        return Kind.CALL
    return Kind.MEDIA if draft.media and not text else Kind.TEXT
