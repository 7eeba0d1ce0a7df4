"""JSON Lines: one message a line, as `INTERFACE.md` has it or under synonymous names.

The findings that this package writes can be read again; what is not of the message is passed over. The
unit is the physical line. One line is in memory at a time.
"""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import BinaryIO

from detector.read.columns import Columns, Field, declared_fields, match_columns
from detector.read.namesakes import Namesakes
from detector.read.row import NO_TEXT, read_row
from detector.read.source import InputFile, ReadOptions
from detector.records import Passed, PassedKind, Record, Source, Unread

MAX_LINE_BYTES = 1 << 26
"""A longer line is no message; it is passed over without being kept in memory."""

HEAD_BYTES = 4
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

EXPECTED = (
    'Expected one JSON object a line, such as {"text": "…", "sender": "…"}, in UTF-8 or UTF-16.\n'
    "Repair the line or export the file again; the other lines were read."
)

TOO_LONG = f"the line has more than {MAX_LINE_BYTES >> 20} MiB"

Match = Callable[[tuple[str, ...]], Columns]


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """One record for each physical line, in order."""
    declared_fields(options.columns)

    @lru_cache(maxsize=256)
    def match(names: tuple[str, ...]) -> Columns:
        return match_columns(names, options)

    namesakes = Namesakes()
    with source.open() as stream:
        encoding = _start(stream)
        for number, line in enumerate(_lines(stream, encoding), start=1):
            at = Source(source.name, source.sha256, f"line {number}")
            yield _record(line, encoding, match, at, namesakes)


def _start(stream: BinaryIO) -> str:
    """The encoding of the stream, which then stands behind its byte order mark."""
    head = stream.read(HEAD_BYTES)
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            stream.seek(len(mark))
            return encoding
    stream.seek(0)
    encoding = json.detect_encoding(head)
    return encoding if encoding.startswith("utf-16") else "utf-8"


def _lines(stream: BinaryIO, encoding: str) -> Iterator[bytes | None]:
    """The lines with their ends; None for one that is too long."""
    parts: list[bytes] = []
    size = 0
    while part := stream.readline(MAX_LINE_BYTES):
        size += len(part)
        if encoding == "utf-16-le" and part.endswith(b"\n") and size % 2:
            high = stream.read(1)
            part, size = part + high, size + len(high)
        if size > MAX_LINE_BYTES:
            parts.clear()
        else:
            parts.append(part)
        if _ends(part, size, encoding):
            yield b"".join(parts) if parts else None
            parts.clear()
            size = 0
    if size:
        yield b"".join(parts) if parts else None


def _ends(part: bytes, size: int, encoding: str) -> bool:
    """Whether a line of `size` bytes that closes with `part` is complete, its last byte pair a line feed.

    In UTF-16, the byte of a line feed is also half of other letters.
    """
    if encoding == "utf-8":
        return part.endswith(b"\n")
    high = part[-1:] if encoding == "utf-16-le" else part[-2:-1]
    low = part[-2:-1] if encoding == "utf-16-le" else part[-1:]
    return size % 2 == 0 and low == b"\n" and high == b"\0"


def _record(line: bytes | None, encoding: str, match: Match, at: Source, namesakes: Namesakes) -> Record:
    """What a line holds."""
    row, trouble = (None, TOO_LONG) if line is None else _row(line, encoding)
    if trouble is not None:
        return Unread(at.file, at.locator, f"{trouble}.\n{EXPECTED}")
    if row is None:
        return Passed(at.file, at.locator, PassedKind.BLANK)
    columns, cells = match(tuple(row)), tuple(row.values())
    if not isinstance(columns.cell(Field.TEXT, cells), str | None):
        return Unread(at.file, at.locator, NO_TEXT)
    return read_row(columns, cells, at, namesakes)


def _row(line: bytes, encoding: str) -> tuple[dict[str, object] | None, str | None]:
    """The object that a line holds, None for a blank line; or why it holds none, without quoting it."""
    try:
        text = line.decode(encoding)
        if not text.strip():
            return None, None
        row = json.loads(text)
    except UnicodeDecodeError as error:
        return None, f"the line is no {encoding.upper()} (byte {error.start + 1})"
    except json.JSONDecodeError as error:
        return None, f"the line is no JSON ({error.msg}, character {error.pos + 1})"
    except (ValueError, RecursionError):
        return None, "the line holds a number too long or lists nested too deep"
    return (row, None) if isinstance(row, dict) else (None, "the line is no JSON object")
