"""Tables as text: CSV and TSV in the encodings and with the delimiters that Arabic systems write.

Cells stay verbatim, a quotation mark before a formula too. The unit is the row, which may take up several
lines. One row is in memory at a time.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from detector.read.columns import (
    HEADER_ROWS,
    BadRow,
    Row,
    check_declared,
    find_header,
    is_blank,
    read_table,
)
from detector.read.source import InputFile, ReadOptions
from detector.records import Record

DELIMITERS = (",", ";", "\t", "|")
MAX_CELL_CHARACTERS = 1 << 23
"""Beyond it a quotation mark was left open; the row is unread and the next line begins a row."""

SNIFFED_ROWS = 20
SNIFFED_BYTES = 1 << 16
USUAL_SHARE = 0.6
"""The share of rows that must have the same number of cells for a delimiter to be believed."""

CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
UNDECODED = re.compile("[\udc80-\udcff]")
EXPECTED = (
    "Expected cells between delimiters, with quotation marks in pairs, in one encoding.\n"
    "Repair the row or export the table again; the other rows were read."
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written: its encoding, as Python names it, and what stands between cells."""

    encoding: str
    delimiter: str


def sniff_dialect(head: bytes) -> Dialect | None:
    """How a table that begins with these bytes is written; None if they look like no table."""
    encoding = _encoding(head)
    if encoding is None:
        return None
    text = _decoded(head, encoding)
    ranked = [(_credit(text, delimiter), delimiter) for delimiter in DELIMITERS]
    credit, delimiter = max(ranked, key=lambda pair: pair[0])
    return Dialect(encoding, delimiter) if credit[:2] > (0, False) else None


def _encoding(head: bytes) -> str | None:
    """The encoding of the bytes at a table's beginning; None for bytes that are no text."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 20 and max(even, odd) > 4 * min(even, odd):
        guess = "utf-16-le" if odd > even else "utf-16-be"
    else:
        text = _decoded(head, "utf-8")
        bad = text.count("\N{REPLACEMENT CHARACTER}")
        if 2 * bad <= sum(char > "\x7f" for char in text) - bad:
            return "utf-8"
        guess = "cp1256"
    return None if CONTROL.search(_decoded(head, guess)) else guess


def _decoded(head: bytes, encoding: str) -> str:
    """The text of a file's beginning, which may end within a character."""
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)


def _credit(text: str, delimiter: str) -> tuple[int, bool, float, int]:
    """How much speaks for a delimiter: fields named, several columns, rows of the usual width, the width."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [row for row in islice(reader, SNIFFED_ROWS) if not is_blank(row)]
    except csv.Error:
        rows = []
    if not rows:
        return 0, False, 0.0, 0
    header = find_header(rows, ReadOptions())
    (width, count), *_ = Counter(map(len, rows)).most_common(1)
    share = count / len(rows)
    named = len(header.columns.fields) if header is not None else 0
    return named, width > 1 and share >= USUAL_SHARE, share, width


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """One record for each row, in order.

    Raises:
        InputError: a column or field that was declared does not exist.
    """
    # the limit is the interpreter's; it is only ever raised, so that readers side by side agree
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARACTERS))
    with source.open() as stream:
        dialect = _dialect_of(stream)
        errors = "surrogateescape" if dialect.encoding.startswith("utf-8") else "surrogatepass"
        text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors=errors, newline="")
        rows = _rows(text, dialect)
        first = list(islice(rows, HEADER_ROWS))
        check_declared([row for row in first if not isinstance(row, BadRow)], options, source.name)
        yield from read_table(chain(first, rows), source, options, "row {}".format)


def _dialect_of(stream: BinaryIO) -> Dialect:
    """How a table is written, by its beginning and the first piece that is not ASCII."""
    head = stream.read(SNIFFED_BYTES)
    piece = head
    while piece and piece.isascii():
        piece = stream.read(SNIFFED_BYTES)
    stream.seek(0)
    sniffed = sniff_dialect(head) or Dialect("utf-8", ",")
    late = _encoding(piece) if head.isascii() and b"\0" not in head else None
    return Dialect(late or sniffed.encoding, sniffed.delimiter)


def _rows(text: io.TextIOWrapper, dialect: Dialect) -> Iterator[Row]:
    """The rows; in place of one that cannot be split or decoded, why."""
    reader = csv.reader(text, delimiter=dialect.delimiter, strict=True)
    check_bytes = dialect.encoding.startswith("utf-8")
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield BadRow(f"the row cannot be split into cells ({error}).\n{EXPECTED}")
            continue
        except UnicodeDecodeError:
            yield BadRow(f"the rest of the table is no {dialect.encoding.upper()}.\n{EXPECTED}")
            return
        if row is None:
            return
        damaged = check_bytes and UNDECODED.search("".join(row))
        yield BadRow(f"the row has bytes that are no UTF-8.\n{EXPECTED}") if damaged else row
