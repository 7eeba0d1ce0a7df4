"""Chats in pages of HTML: what their readers share.

A page is read from its beginning, a piece at a time. A message is an element; what is gathered in it is a
draft, which is whole when that element ends.
"""

import codecs
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Generic, Protocol, TypeVar

from detector.read.source import InputFile

CHUNK = 1 << 18
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
SPACES = " \t\r\n"
LONGEST_TAG = 4 << 20
"""Characters that a page may go on without an element, or a tag without its end."""


class Draft(Protocol):
    """A message while its elements are gathered; `depth` is that of the element it is."""

    depth: int


D = TypeVar("D", bound=Draft)


@dataclass(slots=True)
class Element:
    """An open element of interest: the depth at which it ends and where its text goes."""

    depth: int
    pieces: list[str] | None


class Page(HTMLParser, Generic[D]):
    """Finds messages in the elements of a page; whole ones are in `drafts`, the one at hand is `draft`.

    What begins a message, and what in it is of interest, `handle_starttag` of each format says.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.drafts: deque[D] = deque()
        self.draft: D | None = None
        self.ended = False
        self.depth = 0
        self.open: list[Element] = []

    def pieces_of(self, source: InputFile) -> Iterator[None]:
        """Read the page; it stops after each piece, and for good where what follows is no HTML."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        with source.open() as stream:
            while chunk := stream.read(CHUNK):
                if len(self.rawdata) > LONGEST_TAG:  # it would be looked at anew with every piece
                    self.ended = False
                    yield
                    return
                try:
                    self.feed(decoder.decode(chunk))
                except AssertionError:  # how the parser refuses a damaged declaration
                    self.ended = False
                    yield
                    return
                yield

    def gather(self, pieces: list[str] | None) -> None:
        """Text from here to the end of the element goes to these pieces, or nowhere."""
        self.open.append(Element(self.depth, pieces))

    def finish(self, draft: D) -> None:
        """A message is whole."""
        self.drafts.append(draft)
        self.draft = None
        self.open.clear()

    def handle_endtag(self, tag: str) -> None:
        """An element ends, and with it perhaps a message."""
        if tag in VOID:
            return
        self.ended |= tag == "html"
        if self.open and self.open[-1].depth == self.depth:
            self.open.pop()
        if self.draft is not None and self.draft.depth == self.depth:
            self.finish(self.draft)
        self.depth = max(0, self.depth - 1)

    def handle_data(self, data: str) -> None:
        """Words, of the innermost element of interest."""
        if self.open and (pieces := self.open[-1].pieces) is not None:
            pieces.append(data)


def said(pieces: list[str]) -> str:
    """What pieces say together, without the blanks that the page has around it."""
    return "".join(pieces).strip(SPACES)
