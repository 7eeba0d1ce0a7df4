"""Instagram's, Facebook's and Messenger's chats, as Meta hands them out in HTML (`message_1.html`).

A page holds up to ten thousand messages of one thread, the newest first, each in a block of its own: who
wrote, a body of up to five parts (one of what is answered, the words, what was shared, one left empty, then
files and reactions), and the time. What is no message, as the list of a group's people, has no time.
The unit is the block. Messages come out in the order in which they were sent.

A page tells less than the JSON: a message that was unsent is an empty one, as a picture to be seen once is;
who joined and left is told in sentences like any other; a sender whose name is left out stays unnamed.
Times have no zone. Instagram's are of the minute, and not of the phone's clock.

Sources: github.com/ethanriverpage/memoria `docs/Instagram-Messages-Schema.md` (both shapes of Instagram,
`_a6-g`; Facebook has the same classes, times to the second, and `section` for `div` since 2025),
github.com/d3i-infra/algosoc-2026 `packages/python/tests/test_meta_html_timestamps.py` (the clocks); and
Facebook's pages of 2018 to 2021 (`_2lej`) as a dozen public scripts search them.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from detector.read.dates import declared_zone
from detector.read.markup import VOID, Page, said
from detector.read.meta.thread import folder_of, named
from detector.read.source import NOT_UTF8, DateOrder, InputFile, ReadOptions
from detector.read.timestamps import DateStyle, oldest_first, written_time
from detector.records import Kind, Message, Passed, PassedKind, Record, Source, Unread

HEAD_BYTES = 1 << 20
"""Where a page's first messages stand at the latest: its style sheets come before them."""
MESSAGE = re.compile(
    rb"<(?:h2|div) class=\"[^\"<>]{0,200}\b(?:_a6-i|_2lel)\"[^<>]{0,200}>[^<]{0,1000}</(?:h2|div)>\s{0,99}"
    rb"<div class=\"[^\"<>]{0,200}\b(?:_a6-p|_2let)\">\s{0,99}<div>\s{0,99}<div>\s{0,99}</div>"
)
"""A name and a body that answers nothing: posts and comments have the same classes, but no such part."""

BLOCKS = frozenset({"_a6-g", "_2lej"})
INSTAGRAM = frozenset({"_a6-g", "uiBoxWhite"})
NAMES = frozenset({"_a6-h", "_2lel"})
NAMES_OF_SENDERS = frozenset({"_a6-i", "_2lel"})
BODIES = frozenset({"_a6-p", "_2let"})
DATES = frozenset({"_a6-o", "_2lem"})
TITLES = frozenset({"_a70e", "_3b0d"})
LABEL = "_idm"
SILENT = frozenset({"ul", "video", "audio"})
"""Reactions, and players with the words that stand in for them."""
WORDS, SHARED = 1, 2
"""The parts of a body that hold what was written and what was shared."""
DURATION = "Duration:"
OWN_FILES = "files/"
"""The folder of Meta's own pictures in an export."""

OTHER_CLOCK = "Instagram prints UTC-8 as far as is known, not the phone's time: declare Etc/GMT+8"
INSTAGRAM_OFFSET = "-08:00"
BROKEN = (
    "the page ends early, is damaged or has no messages.\n"
    "Expected a complete message_1.html of Instagram, Facebook or Messenger.\n"
    "Copy or download the file again; what stands before this place was read."
)


def is_markup(head: bytes) -> bool:
    """Whether a file that begins with these bytes is HTML at all."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")


def is_page(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a page of messages."""
    return MESSAGE.search(head) is not None


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a page, the oldest first; one `Unread` at the end where it ends early.

    Raises:
        InputError: the declared zone is not known.
    """
    zone = declared_zone(options.tz) if options.tz else None
    return _records(_Writer(source, zone, options.date_order))


def _records(writer: "_Writer") -> Iterator[Record]:
    page = _Page()
    records: list[Record] = []
    for _ in page.pieces_of(writer.source):
        records += writer.written(page)
    yield from oldest_first(records, by_the_minute=True)
    if not page.ended or not records:
        yield Unread(writer.source.name, f"message {writer.count + 1}", BROKEN)


@dataclass(slots=True)
class _Draft:
    """A block while its elements are gathered; texts are lists of pieces, `parts` those of the body."""

    depth: int
    instagram: bool
    by_someone: bool = False
    dated: bool = False
    body: int | None = None
    name: list[str] = field(default_factory=list)
    parts: list[list[str]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    date: list[str] = field(default_factory=list)
    attachment: str | None = None


class _Page(Page[_Draft]):
    """Finds blocks in the elements of a page; whole ones are in `drafts`."""

    def __init__(self) -> None:
        super().__init__()
        self.heading: list[str] = []
        self.title: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        named_values = {name: value or "" for name, value in attrs}
        if self.draft is not None and self.draft.body is not None and not self.draft.dated:
            _attach(self.draft, named_values)
        if tag in VOID:
            self._break_line(tag == "br")
            return
        self.depth += 1
        classes = frozenset(named_values.get("class", "").split())
        if self.draft is not None and self.draft.dated and classes & BLOCKS:
            self.finish(self.draft)  # an element in it was left open: the date ends a message
        if self.draft is None:
            self._outside(tag, classes)
        else:
            self._inside(self.draft, tag, classes)

    def _break_line(self, wanted: bool) -> None:
        """Begins a line in the text of the innermost element, if it has any yet."""
        if wanted and self.open and self.open[-1].pieces:
            self.open[-1].pieces.append("\n")

    def _outside(self, tag: str, classes: frozenset[str]) -> None:
        """An element that stands in no block: the title of the page, or the beginning of a block."""
        if classes & BLOCKS:
            self.open.clear()
            self.draft = _Draft(self.depth, classes >= INSTAGRAM)
        elif (tag == "h1" or classes & TITLES) and not self.heading:
            self.gather(self.heading)
        elif tag == "title":
            self.gather(self.title)

    def _inside(self, draft: _Draft, tag: str, classes: frozenset[str]) -> None:
        """An element of a block."""
        if classes & NAMES and draft.body is None:
            draft.by_someone |= bool(classes & NAMES_OF_SENDERS)
            self.gather(draft.name)
        elif classes & DATES:
            draft.dated = True
            self.gather(draft.date)
        elif classes & BODIES and draft.body is None:
            draft.body = self.depth
            self.gather(draft.beside)
        elif draft.body is not None and not draft.dated:
            self._inside_body(draft, draft.body, tag, classes)

    def _inside_body(self, draft: _Draft, body: int, tag: str, classes: frozenset[str]) -> None:
        """An element of what was sent."""
        if tag in SILENT:
            self.gather(None)
        elif LABEL in classes:
            self.gather(draft.label)
        elif self.depth == body + 2 and tag == "div":
            draft.parts.append([])
            self.gather(draft.parts[-1])
        else:
            self._break_line(tag == "div")


def _attach(draft: _Draft, values: dict[str, str]) -> None:
    """Notes the first file of the export that a message shows or links to."""
    target = values.get("src") or values.get("href") or ""
    if target and ":" not in target and not target.startswith(("#", "//", OWN_FILES)):
        draft.attachment = draft.attachment or target


@dataclass(slots=True)
class _Writer:
    """Turns drafts into records."""

    source: InputFile
    zone: ZoneInfo | None
    order: DateOrder | None
    count: int = 0

    def written(self, page: _Page) -> Iterator[Record]:
        """The records of the blocks that are whole by now, in the page's order."""
        title = said(page.heading) or said(page.title)
        thread = named(title, folder_of(self.source) if title else "", self.source)
        while page.drafts:
            self.count += 1
            yield self._record(page.drafts.popleft(), thread)

    def _record(self, draft: _Draft, thread: str) -> Record:
        place = f"message {self.count}"
        if not (draft.dated or draft.by_someone):
            return Passed(self.source.name, place, PassedKind.SYSTEM)
        text = _text(draft)
        sent_at, warnings = written_time(said(draft.date), DateStyle(declared=self.zone, order=self.order))
        if draft.instagram and sent_at and not sent_at.endswith(INSTAGRAM_OFFSET):
            warnings += (OTHER_CLOCK,)
        warnings += (NOT_UTF8,) * ("\N{REPLACEMENT CHARACTER}" in text)
        return Message(
            text=text,
            thread=thread,
            sender=said(draft.name) or None,
            sent_at=sent_at,
            kind=_kind(draft, text),
            attachment=draft.attachment,
            source=Source(self.source.name, self.source.sha256, place, warnings=warnings),
        )


def _text(draft: _Draft) -> str:
    """What was written; of a message without words, what was shared, or what else its body says."""
    parts = [said(part) for part in draft.parts]
    others = [*parts[:WORDS], said(draft.beside), *parts[SHARED + 1 :], said(draft.label)]
    chosen = [*parts[WORDS : SHARED + 1], "\n".join(other for other in others if other)]
    return next((one for one in chosen if one), "")


def _kind(draft: _Draft, text: str) -> Kind:
    """What a message consists of. A call has its duration in English, and else looks like a text."""
    if said(draft.label).startswith(DURATION):
        return Kind.CALL
    return Kind.TEXT if text else Kind.MEDIA
