"""Parquet tables, a batch of rows in memory at a time. The unit is the row."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow
from pyarrow import compute, parquet, types

from detector.read.columns import NO_HEADER, Columns, Field, check_declared, match_columns
from detector.read.namesakes import Namesakes
from detector.read.row import read_row
from detector.read.source import InputFile, ReadOptions
from detector.records import Passed, PassedKind, Record, Source, Unread

BATCH_ROWS = 1024
OUT_OF_RANGE = "out of range"
"""Stands for a time after the year 9999, and is no date to any reader of dates."""

BROKEN = (
    "the Parquet file cannot be read from here on.\n"
    "Expected a complete Parquet file with rows of a table.\n"
    "Copy or export the file again; the rows before this place were read."
)


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """One record for each row, in order.

    Raises:
        InputError: a column or field that was declared does not exist.
    """
    with source.open() as stream:
        try:
            table = parquet.ParquetFile(stream)
        except (pyarrow.ArrowException, OSError):
            yield Unread(source.name, "row 1", BROKEN)
            return
        names = tuple(table.schema_arrow.names)
        check_declared([names], options, source.name)
        columns = match_columns(names, options)
        if Field.TEXT in columns.fields:
            meanings = columns.meanings(names)
            yield Passed(source.name, "schema", PassedKind.HEADER, units=0, columns=meanings)
            yield from _records(table, names, columns, source)
        elif table.metadata.num_rows:
            yield Unread(source.name, "row 1", NO_HEADER, table.metadata.num_rows)


def _records(table: Any, names: Sequence[str], columns: Columns, source: InputFile) -> Iterator[Record]:
    """The rows of a table, of which only the columns that mean something are read."""
    wanted = sorted({*columns.other_texts, *(column.place for column in columns.fields.values())})
    read_columns = replace(
        columns,
        fields={field: replace(one, place=wanted.index(one.place)) for field, one in columns.fields.items()},
        other_texts=tuple(wanted.index(place) for place in columns.other_texts),
    )
    number, namesakes = 0, Namesakes()
    try:
        for batch in table.iter_batches(BATCH_ROWS, columns=[names[place] for place in wanted]):
            for cells in zip(*(_values(column) for column in batch.columns), strict=True):
                number += 1
                at = Source(source.name, source.sha256, f"row {number}")
                yield read_row(read_columns, cells, at, namesakes)
    except (pyarrow.ArrowException, OSError):
        yield Unread(source.name, f"row {number + 1}", BROKEN, table.metadata.num_rows - number)


def _values(column: Any) -> Sequence[object]:
    """The cells of a column; None in place of a string that is no UTF-8, words in place of a strange time."""
    if types.is_timestamp(column.type):
        # Python's times end at microseconds
        column = compute.cast(column, pyarrow.timestamp("us", column.type.tz), safe=False)
    try:
        values: list[object] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_value(cell) for cell in column]
    return values


def _value(cell: Any) -> object:
    """One cell; None for a string that is no UTF-8, and words for a time that no calendar has."""
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return None
    except (ValueError, OverflowError):
        return OUT_OF_RANGE
