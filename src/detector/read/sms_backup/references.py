"""The XML as a parser takes it: the app writes references to halves of characters, and to none at all.

An emoji is written as its two UTF-16 halves (`&#55357;&#56832;`), and a NUL as `&#0;`: neither is XML.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

CHUNK = 1 << 16
ENCODINGS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r")
NO_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")

REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,10})|([0-9]{1,10}));")
FLAW = re.compile(REFERENCE.pattern + rb"|[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
UNDECIDED = re.compile(rb"(?:&#\w{1,11};)?(?:&(?:#\w{0,11};?)?)?\Z")
"""What the end of a chunk may be cut in: a reference, and one before it that it may belong to."""
UNDECIDED_BYTES = 40

REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()


class Repair(StrEnum):
    """What was done so that a parser takes the XML; the values are warnings for people."""

    JOINED = "characters written as references to their halves were joined"
    REPLACED = "references to halves of characters, or to none, were replaced"
    DROPPED = "control characters, which XML cannot hold, were dropped"
    LEFT_OUT = "a stretch of over 60,000 letters and digits without a space was left out"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the repaired bytes something was repaired."""

    offset: int
    repair: Repair


class Repaired:
    """A stream of XML in UTF-8, repaired; it tells which repairs lie before a place in it.

    Chunks of nothing but base64 are left out: they are pictures and films, and may be larger than memory.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._places: deque[_Place] = deque()
        self.given = 0

    def chunks(self) -> Iterator[bytes]:
        """The bytes, piece by piece; `given` is how many were given before the piece that is out."""
        decoder: codecs.IncrementalDecoder | None = None
        held = b""
        while chunk := self._stream.read(CHUNK):
            if len(chunk) == CHUNK and not chunk.translate(None, BASE64):
                self._note(len(held), Repair.LEFT_OUT)
                continue
            if decoder is None:
                encoding = ENCODINGS.get(chunk[:2], "utf-8-sig")
                decoder = codecs.getincrementaldecoder(encoding)("replace")
            data = held + decoder.decode(chunk).encode()
            end = UNDECIDED.search(data, max(0, len(data) - UNDECIDED_BYTES))
            cut = end.start() if end else len(data)
            held = data[cut:]
            yield from self._give(data[:cut])
        yield from self._give(held)

    def before(self, offset: int) -> set[Repair]:
        """The repairs that lie before a place and were not told yet."""
        found = set()
        while self._places and self._places[0].offset < offset:
            found.add(self._places.popleft().repair)
        return found

    def _give(self, data: bytes) -> Iterator[bytes]:
        piece = self._repaired(data)
        yield piece
        self.given += len(piece)

    def _note(self, ahead: int, repair: Repair) -> None:
        self._places.append(_Place(self.given + ahead, repair))

    def _repaired(self, data: bytes) -> bytes:
        """The bytes without what no parser takes."""
        plain = len(data.translate(None, CONTROLS)) == len(data)
        if plain and b"&#" not in data and not any(one in data for one in NO_CHARACTERS):
            return data
        out, at = bytearray(), 0
        for found in FLAW.finditer(data):
            if found.start() < at:
                continue
            end, fixed, repair = _fixed(data, found)
            if repair is None:
                continue
            out += data[at : found.start()]
            self._note(len(out), repair)
            out += fixed
            at = end
        return bytes(out + data[at:])


def _fixed(data: bytes, found: re.Match[bytes]) -> tuple[int, bytes, Repair | None]:
    """Where a flaw ends, what takes its place, and how that is called; None where it is no flaw."""
    code = _code(found)
    end = found.end()
    if code is None or (code < 0x20 and code not in b"\t\n\r") or code in (0xFFFE, 0xFFFF):
        return end, b"", Repair.DROPPED
    if 0xD800 <= code < 0xDC00 and (second := REFERENCE.match(data, end)):
        low = _code(second) or 0
        if 0xDC00 <= low < 0xE000:
            whole = chr(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00)
            return second.end(), whole.encode(), Repair.JOINED
    if 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return end, REPLACEMENT, Repair.REPLACED
    return end, b"", None


def _code(found: re.Match[bytes]) -> int | None:
    """The number of the character that is referred to; None where it is no reference."""
    if found[1]:
        return int(found[1], 16)
    return int(found[2]) if found[2] else None
