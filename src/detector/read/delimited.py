"""Tables as text: CSV and TSV in the encodings and with the delimiters that Arabic systems write.

Cells stay verbatim, a quotation mark before a formula too. The unit is the row, which may take up several
lines. A table is read twice, one row in memory at a time. A quotation mark left open takes one row, not
those after it: they are read again as rows of their own.
"""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import BinaryIO

from detector.read.columns import (
    HEADER_ROWS,
    BadRow,
    Row,
    check_declared,
    find_header,
    is_blank,
)
from detector.read.source import InputFile, ReadOptions
from detector.read.tables import read_table, survey
from detector.records import Record

DELIMITERS = (",", ";", "\t", "|")
MAX_ROW_CHARACTERS = 1 << 23
MAX_ROW_LINES = 1 << 14
"""A row that goes on beyond either has a quotation mark left open."""

MAX_READINGS = 4
"""How often the characters of a table may be read again, on average, before no row gets a second line."""

ROWS_IN_CELL = "lines of a cell look like rows: a quotation mark may have been left open"

SNIFFED_ROWS = 20
SNIFFED_BYTES = 1 << 16
USUAL_SHARE = 0.6
"""The share of rows that must have the same number of cells for a delimiter to be believed."""

CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
DIGITS = re.compile(r"\d+")
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
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_CHARACTERS))
    with source.open() as stream:
        dialect = _dialect_of(stream)
        with closing(_rows(stream, dialect)) as rows:
            told = survey(rows, options)
        stream.seek(0)
        with closing(_rows(stream, dialect)) as rows:
            first = list(islice(rows, HEADER_ROWS))
            check_declared([row for row in first if not isinstance(row, BadRow)], options, source.name)
            doubts = partial(_doubts, dialect.delimiter)
            yield from read_table(chain(first, rows), source, told, "row {}".format, doubts)


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


class _Lines:
    """The lines of a table, those that a broken row took being given out again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self._row_characters = self._read = self._reread = 0
        self.undecodable = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line.

        Raises:
            csv.Error: the row has taken more lines than a row can have.
        """
        if self._row and self._is_endless():
            raise csv.Error("a quotation mark was left open")
        line = self._again.popleft() if self._again else self._new_line()
        self._row.append(line)
        self._row_characters += len(line)
        return line

    def _is_endless(self) -> bool:
        """Whether no further line can be of the row; with a limit to the work, as broken rows can nest."""
        return (
            self._row_characters > MAX_ROW_CHARACTERS
            or len(self._row) > MAX_ROW_LINES
            or self._reread > self._read * MAX_READINGS
        )

    def _new_line(self) -> str:
        """A line not read before; none follow one that cannot be decoded."""
        if self.undecodable:
            raise StopIteration
        try:
            line = next(self._lines)
        except UnicodeDecodeError:
            self.undecodable = True
            raise StopIteration from None
        self._read += len(line)
        return line

    def begin_row(self) -> None:
        """The next line is the first of a row."""
        self._row.clear()
        self._row_characters = 0

    def take_back(self) -> None:
        """The lines of this row but for the first are given out again."""
        first, *others = self._row
        self._again.extendleft(reversed(others))
        self._reread += self._row_characters - len(first)


def _rows(stream: BinaryIO, dialect: Dialect) -> Generator[Row, None, None]:
    """The rows of a stream, which stays open; in place of one that cannot be split or decoded, why."""
    errors = "surrogateescape" if dialect.encoding.startswith("utf-8") else "surrogatepass"
    text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors=errors, newline="")
    try:
        yield from _split(text, dialect)
    finally:
        text.detach()


def _split(text: Iterator[str], dialect: Dialect) -> Iterator[Row]:
    """The lines of a table as rows of cells."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=dialect.delimiter, strict=True)
    check_bytes = dialect.encoding.startswith("utf-8")
    while True:
        lines.begin_row()
        try:
            row = next(reader, None)
        except csv.Error as error:
            lines.take_back()
            yield BadRow(f"the row cannot be split into cells ({error}).\n{EXPECTED}")
            continue
        if row is None:
            break
        damaged = check_bytes and UNDECODED.search("".join(row))
        yield BadRow(f"the row has bytes that are no UTF-8.\n{EXPECTED}") if damaged else row
    if lines.undecodable:
        yield BadRow(f"the rest of the table is no {dialect.encoding.upper()}.\n{EXPECTED}")


def _doubts(delimiter: str, cells: Sequence[object]) -> tuple[str, ...]:
    """The warning for a row with a cell whose further lines begin as the row does and have as many cells.

    A quotation mark left open takes in rows up to the next one, and may leave a row that can be split.
    """
    if not any("\n" in str(cell) for cell in cells) or "0" not in (start := _form(str(cells[0]))):
        return ()
    for place, cell in enumerate(cells):
        _, *lines = str(cell).split("\n")
        wanted = [len(cells) - 1] * (len(lines) - 1) + [place]  # the last line goes on behind the cell
        if any(
            line.count(delimiter) == count and _form(line.partition(delimiter)[0]) == start
            for line, count in zip(lines, wanted, strict=False)
        ):
            return (ROWS_IN_CELL,)
    return ()


def _form(cell: str) -> str:
    """A number, id or date as others of its kind look too: each run of digits a zero."""
    return DIGITS.sub("0", cell.strip())
