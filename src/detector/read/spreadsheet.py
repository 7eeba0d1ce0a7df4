"""Workbooks (XLSX), each sheet a table.

The library that opens them holds a workbook in memory; there is no way to stream one. The unit is the
row of a sheet down to the last one that holds anything. Hidden sheets are read like the others.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from detector.read.columns import (
    FIELDS_OF_A_LATE_HEADER,
    HEADER_ROWS,
    check_declared,
    declared_fields,
    find_header,
)
from detector.read.source import READ_ERRORS, InputFile, ReadOptions
from detector.read.tables import Doubts, no_doubts, read_table, survey
from detector.read.workbook_size import too_large
from detector.records import Record, Unread

BROKEN = (
    "the workbook cannot be opened.\n"
    "Expected an XLSX file that is complete and has no password.\n"
    "Open it in a spreadsheet program and save it again, without a password."
)
TOO_LARGE = (
    "the workbook would take far more memory than its cells are worth.\n"
    "Expected sheets whose cells lie together.\n"
    "Open it in a spreadsheet program, copy the cells that are filled into a new workbook and save that."
)
BROKEN_SHEET = (
    "the sheet cannot be read.\n"
    "Expected a sheet of cells.\n"
    "Open the workbook in a spreadsheet program and save it again; the other sheets were read."
)

TEXTS_ALONE = (
    "of this sheet only a column of texts was recognised, of another sheet more: it may hold no messages"
)


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The records of all sheets, in the order of the workbook.

    Raises:
        InputError: a column that was declared is in none of the sheets.
    """
    declared_fields(options.columns)
    with source.open() as stream:
        try:
            if too_large(stream):
                yield Unread(source.name, "workbook", TOO_LARGE)
                return
            stream.seek(0)
            workbook = CalamineWorkbook.from_filelike(stream)
        except (CalamineError, *READ_ERRORS):
            yield Unread(source.name, "workbook", BROKEN)
            return
        with workbook:
            if options.columns:
                _check_sheets(workbook, source, options)
            alone = frozenset[str]() if options.columns else _with_texts_alone(workbook, options)
            for name in workbook.sheet_names:
                doubts = _doubts if name in alone else no_doubts
                yield from _sheet_records(workbook, name, source, options, doubts)


def _check_sheets(workbook: CalamineWorkbook, source: InputFile, options: ReadOptions) -> None:
    """Nothing, if every declared column stands in one of the sheets.

    Raises:
        InputError: it does not.
    """
    sheets = [_open_sheet(workbook, name) for name in workbook.sheet_names]
    rows = [row for sheet in sheets if sheet is not None for row in islice(sheet.iter_rows(), HEADER_ROWS)]
    check_declared(rows, options, source.name)


def _open_sheet(workbook: CalamineWorkbook, name: str) -> CalamineSheet | None:
    """A sheet; None where it is damaged."""
    try:
        return workbook.get_sheet_by_name(name)
    except CalamineError:
        return None


def _sheet_records(
    workbook: CalamineWorkbook, name: str, source: InputFile, options: ReadOptions, doubts: Doubts
) -> Iterator[Record]:
    """The records of one sheet; none for a sheet without cells, such as a chart."""
    sheet = _open_sheet(workbook, name)
    if sheet is None:
        yield Unread(source.name, name, BROKEN_SHEET)
        return
    if sheet.end is not None:
        told = survey(sheet.iter_rows(), options)
        yield from read_table(sheet.iter_rows(), source, told, partial(_place, name), doubts)


def _with_texts_alone(workbook: CalamineWorkbook, options: ReadOptions) -> frozenset[str]:
    """The sheets that name a column of texts and nothing else of a message, beside one of chats."""
    if len(workbook.sheet_names) == 1:
        return frozenset()
    sheets = ((name, _open_sheet(workbook, name)) for name in workbook.sheet_names)
    named = {name: _fields_named(sheet, options) for name, sheet in sheets if sheet is not None}
    if max(named.values(), default=0) < FIELDS_OF_A_LATE_HEADER:
        return frozenset()
    return frozenset(name for name, fields in named.items() if fields == 1)


def _fields_named(sheet: CalamineSheet, options: ReadOptions) -> int:
    """How many fields of a message the header of a sheet names; 0 where it has none."""
    header = find_header(list(islice(sheet.iter_rows(), HEADER_ROWS)), options) if sheet.end else None
    return len(header.columns.fields) if header else 0


def _doubts(_: Sequence[object]) -> tuple[str, ...]:
    return (TEXTS_ALONE,)


def _place(sheet: str, number: int) -> str:
    """The locator of a row."""
    return f"{sheet}!row {number}"
