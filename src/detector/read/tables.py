"""The rows of a table as records: its header, its messages, and the chats that these belong to."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice

from detector.read.cells import name_in
from detector.read.columns import (
    FIELDS_OF_A_LATE_HEADER,
    HEADER_ROWS,
    NO_HEADER,
    BadRow,
    Field,
    Header,
    Row,
    find_header,
    is_blank,
    match_columns,
)
from detector.read.namesakes import Namesakes
from detector.read.row import read_row, written_in
from detector.read.source import DateOrder, InputFile, ReadOptions
from detector.read.timestamps import plain_date
from detector.records import Message, Passed, PassedKind, Record, Source, Unread

CHAT_OF_ROW_ABOVE = "the chat is named in a row above"
RUNNING_DIGITS = 4
"""A chat named by more digits has the number of a phone or of a database, which means it in all files."""

TOO_MANY_CELLS = (
    "the row has more cells than the header.\n"
    "Expected at most one cell for each column.\n"
    "Look whether a delimiter in its text should have been quoted; the other rows were read."
)

LONGEST_NAME = 40
"""Characters that a column's name has at most, below the first header."""

SURVEYED_ROWS = 1 << 17
"""So many rows are looked at for the order of day and month."""

NUMBERS_OF_DATE = re.compile(
    r"\W*(?P<first>\d{1,2})(?P<mark>[^\w:]+)(?P<second>\d{1,2})[^\w:]+(?P<third>\d{1,4})"
)

Doubts = Callable[[Sequence[object]], tuple[str, ...]]
"""What to warn of in the cells of a row."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row is, and the chat that it names."""

    record: Record
    chat: str | None = None


def no_doubts(_: Sequence[object]) -> tuple[str, ...]:
    """Nothing: cells of a workbook cannot run into one another."""
    return ()


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass over a table tells: how dates are read, and whether the newest row comes first."""

    options: ReadOptions
    backwards: bool = False


def survey(rows: Iterator[Row], options: ReadOptions) -> Survey:
    """A first pass over the rows of a table.

    "13/03/2024" in one row tells how "12/03/2024" in another is meant. Where dates tell nothing or contradict
    each other, each is left to be read by itself. Long tables are taken to run forwards.
    """
    first = list(islice(rows, HEADER_ROWS))
    header = find_header([() if isinstance(row, BadRow) else row for row in first], options)
    if header is None:
        return Survey(options)
    told: set[DateOrder] = set()
    dated: list[Row] = []
    surveyed = 0
    for row in islice(chain(first[header.row + 1 :], rows), SURVEYED_ROWS):
        surveyed += 1
        if isinstance(row, BadRow) or not _date_cell(header, row):
            continue
        dated[1:] = [row]
        if options.date_order is None and (order := _told_order(header, row)):
            told.add(order)
    if len(told) == 1:
        options = replace(options, date_order=told.pop())
        header = find_header([() if isinstance(row, BadRow) else row for row in first], options)
    whole = surveyed < SURVEYED_ROWS
    return Survey(options, whole and header is not None and _runs_backwards(header, dated))


def _date_cell(header: Header, row: Sequence[object]) -> object:
    cell = header.columns.cell
    return cell(Field.SENT_AT, row) or cell(Field.DATE, row) or cell(Field.RECEIVED_AT, row)


def _runs_backwards(header: Header, ends: Sequence[Row]) -> bool:
    """Whether the first row with a date was sent after the last one, and neither date leaves a doubt."""
    written = [written_in(header.columns, row) for row in ends if not isinstance(row, BadRow)]
    times = [datetime.fromisoformat(sent_at) for sent_at, warnings in written if sent_at and not warnings]
    aware = {time.tzinfo is not None for time in times}
    return len(times) == 2 and len(aware) == 1 and times[0] > times[1]


def _told_order(header: Header, row: Sequence[object]) -> DateOrder | None:
    """The order that the date of a row cannot but have; None where it can have two, or is none.

    With hyphens and a short number at its end the year may stand first: "24-03-12".
    """
    cell = _date_cell(header, row)
    parts = NUMBERS_OF_DATE.match(plain_date(cell)) if isinstance(cell, str) else None
    if parts is None or (parts["mark"] == "-" and len(parts["third"]) <= 2):
        return None
    first, second = int(parts["first"]), int(parts["second"])
    if 12 < first <= 31 and second <= 12:
        return DateOrder.DMY
    return DateOrder.MDY if 12 < second <= 31 and first <= 12 else None


def read_table(
    rows: Iterator[Row],
    source: InputFile,
    told: Survey,
    place: Callable[[int], str],
    doubts: Doubts = no_doubts,
) -> Iterator[Record]:
    """One record for each row of a table, the oldest message first.

    `place` gives the locator of a row's number (1 is the first). Without a header that can be recognised, a
    table that holds anything is one `Unread`. A table that runs backwards is held in memory.
    """
    records = _in_order_of_rows(rows, source, told.options, place, doubts)
    yield from reversed(list(records)) if told.backwards else records


def _in_order_of_rows(
    rows: Iterator[Row], source: InputFile, options: ReadOptions, place: Callable[[int], str], doubts: Doubts
) -> Iterator[Record]:
    first = list(islice(rows, HEADER_ROWS))
    header = find_header([() if isinstance(row, BadRow) else row for row in first], options)
    if header is None:
        count = len(first) + sum(1 for _ in rows)
        if any(isinstance(row, BadRow) or not is_blank(row) for row in first) or count > len(first):
            yield Unread(source.name, place(1), NO_HEADER, count)
        else:
            yield from (Passed(source.name, place(n + 1), PassedKind.BLANK) for n in range(count))
        return
    numbered = (
        (number, row, Source(source.name, source.sha256, place(number)))
        for number, row in enumerate(chain(first, rows), start=1)
    )
    yield from _with_chats(_records(numbered, header, options, doubts), source, header.columns.chats_run_on)


def _records(
    rows: Iterator[tuple[int, Row, Source]], header: Header, options: ReadOptions, doubts: Doubts
) -> Iterator[_Row]:
    """Each row with what it is; the header of another table below the first one counts from there on."""
    top, namesakes, after_blank = header.row + 1, Namesakes(), False
    for number, row, at in rows:
        is_title, after_blank = after_blank and _is_lone_title(row, header), _is_blank_row(row)
        if number > top and is_title:
            yield _Row(Passed(at.file, at.locator, PassedKind.HEADER))
        elif number > top and (again := _header_below(row, options)):
            header = again
            yield _Row(_header_row(row, header, at))
        elif number == top:
            yield _Row(_header_row(row, header, at))
        elif number < top:
            yield _Row(_top_row(row, at))
        else:
            record = _table_row(row, header, at, doubts, namesakes)
            yield _Row(record, _chat_named(row, header, record))


def _chat_named(row: Row, header: Header, record: Record) -> str | None:
    """The chat that a row below the header names, be it in a line of the system."""
    if isinstance(record, Passed) and record.kind is PassedKind.SYSTEM and not isinstance(row, BadRow):
        return name_in(header.columns.cell(Field.THREAD, row))
    return record.thread if isinstance(record, Message) else None


def _is_blank_row(row: Row) -> bool:
    return not isinstance(row, BadRow) and is_blank(row)


def _is_lone_title(row: Row, header: Header) -> bool:
    """Whether a row after a blank one may be the title of a table below: its first cell alone is filled."""
    if isinstance(row, BadRow) or len(header.columns.fields) < FIELDS_OF_A_LATE_HEADER or is_blank(row[:1]):
        return False
    return is_blank(row[1:]) and header.columns.fields[Field.TEXT].place != 0


def _header_below(row: Row, options: ReadOptions) -> Header | None:
    """The header that a row below the first one is; None for all that may be a message.

    Only a row of short words without a digit is looked at: others have a time, a number or a text.
    """
    if isinstance(row, BadRow) or options.columns:
        return None
    names = [cell for cell in row if cell is not None]
    if not all(isinstance(name, str) and len(name) <= LONGEST_NAME for name in names):
        return None
    if any(char.isdecimal() for name in names for char in str(name)):
        return None
    columns = match_columns(row, options)
    whole = Field.TEXT in columns.fields and len(columns.fields) >= FIELDS_OF_A_LATE_HEADER
    return Header(0, len(row), columns) if whole else None


def _header_row(row: Row, header: Header, at: Source) -> Passed:
    """The header, with what its columns are read as."""
    names = () if isinstance(row, BadRow) else row
    return Passed(at.file, at.locator, PassedKind.HEADER, columns=header.columns.meanings(names))


def _top_row(row: Row, at: Source) -> Record:
    """What a row above the header is."""
    if isinstance(row, BadRow):
        return Unread(at.file, at.locator, row.reason)
    return Passed(at.file, at.locator, PassedKind.BLANK if is_blank(row) else PassedKind.HEADER)


def _table_row(row: Row, header: Header, at: Source, doubts: Doubts, namesakes: Namesakes) -> Record:
    """What a row below the header holds."""
    if isinstance(row, BadRow):
        return Unread(at.file, at.locator, row.reason)
    if is_blank(row):
        return Passed(at.file, at.locator, PassedKind.BLANK)
    if not is_blank(row[header.width :]):
        return Unread(at.file, at.locator, TOO_MANY_CELLS)
    warnings = doubts(row)
    return read_row(header.columns, row, replace(at, warnings=warnings) if warnings else at, namesakes)


def _with_chats(rows: Iterator[_Row], source: InputFile, run_on: bool) -> Iterator[Record]:
    """The records, with a chat that can be told from those of other files.

    Where chats `run_on`, messages without one belong to the chat last named, unless a row since then is
    unread: it may have named the next.
    """
    above: str | None = None
    for row in rows:
        record = row.record
        if isinstance(record, Unread):
            above = None
        elif row.chat is not None:
            above = _chat(row.chat, source)
        if not isinstance(record, Message) or record.source is None:
            yield record
        elif row.chat is not None:
            yield record if above == row.chat else replace(record, thread=above)
        elif above is not None and run_on:
            warnings = (*record.source.warnings, CHAT_OF_ROW_ABOVE)
            yield replace(record, thread=above, source=replace(record.source, warnings=warnings))
        else:
            yield record


def _chat(name: str, source: InputFile) -> str:
    """The name of a chat, with its file where it is only a running number, which other files have too."""
    is_running = name.strip().isdecimal() and len(name.strip()) <= RUNNING_DIGITS
    return f"{source.name}: {name.strip()}" if is_running else name
