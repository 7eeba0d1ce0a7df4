"""The files of tables as a source of Ray Data: rows with their place, a few thousand at a time.

Ray's own readers of CSV and JSON are not used: one bad line ends the whole run, and what they say of it
quotes the line; they guess types, so that a message "2024-03-12" becomes a time. Here the readers of the
local scan give an `Unread` for a bad line, without its text.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from ray.data.datasource import FileBasedDatasource

from detector.bulk.scorer import BatchScorer
from detector.bulk.table_files import Tables
from detector.errors import InputError
from detector.read import Format, ReadOptions, delimited, json_lines
from detector.read.columns import Field, check_declared, match_columns
from detector.read.source import InputFile
from detector.records import Message, Record, Unread

ROWS = 2_048
PLACE = "source"
"""The column that says where a row stands, as `FILE:row 12`. No two rows of a run have the same."""
UNREAD = "unread"
FIELDS = ("id", "thread", "sender", "sent_at", "kind", "text")
MESSAGES = pa.schema([(name, pa.string()) for name in (PLACE, *FIELDS, UNREAD)])


class TableRows(FileBasedDatasource):  # type: ignore[misc]  # Ray has no types
    """Rows of Parquet as they are, of CSV and JSON Lines as messages; all with `source`."""

    def __init__(self, tables: Tables, options: ReadOptions, text: str) -> None:
        super().__init__([file.path for file in tables.files], filesystem=tables.filesystem)
        self._format = tables.format
        self._options = options
        self._text = text

    def _open_input_source(self, filesystem: Any, path: str, **_: Any) -> Any:
        return filesystem.open_input_file(path)

    def _read_stream(self, f: Any, path: str) -> Iterator[Any]:
        if self._format is Format.PARQUET:
            yield from parquet_rows(f, path, self._text)
        else:
            yield from message_rows(f, path, self._format, self._options)


def parquet_rows(stream: Any, path: str, text: str) -> Iterator[Any]:
    """The rows of a Parquet file with their place before them.

    Raises:
        InputError: The file has no column of that name, or one that would be added.
    """
    number = 0
    table = parquet.ParquetFile(stream)
    _check_columns(table.schema_arrow.names, path, text)
    for batch in table.iter_batches(ROWS):
        places = [f"{path}:row {number + row}" for row in range(1, len(batch) + 1)]
        number += len(batch)
        yield pa.Table.from_batches([batch]).add_column(0, PLACE, pa.array(places, pa.string()))


def message_rows(stream: Any, path: str, found: Format, options: ReadOptions) -> Iterator[Any]:
    """The messages of a CSV or JSON Lines file, and what could not be read, in their order.

    Raises:
        InputError: A column that was declared does not exist.
    """
    records = (_row(record) for record in _records(stream, path, found, options))
    rows = (row for row in records if row is not None)
    while some := list(islice(rows, ROWS)):
        yield pa.Table.from_pylist(some, MESSAGES)


def _records(stream: Any, path: str, found: Format, options: ReadOptions) -> Iterator[Record]:
    source = InputFile(path, "", 0, 0, lambda: io.BufferedReader(stream))
    read = json_lines.read if found is Format.JSON_LINES else delimited.read
    return read(source, options)


def _row(record: Record) -> dict[str, str | None] | None:
    """A record as a row; None for a blank line or a header, which are nothing to score."""
    match record:
        case Message(source=source) if source is not None:
            place = f"{source.file}:{source.locator}"
            cells = {name: _sound(getattr(record, name)) for name in FIELDS}
            return {**cells, "id": cells["id"] or place, PLACE: place}
        case Unread():
            return {PLACE: f"{record.file}:{record.locator}", UNREAD: record.reason.partition("\n")[0]}
    return None


def _sound(text: str | None) -> str | None:
    """The text with U+FFFD for each half of a broken emoji, which Arrow cannot carry."""
    return None if text is None else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_column(tables: Tables, options: ReadOptions) -> str:
    """The column of the texts, found in the first file, whose other declared columns are checked too.

    Raises:
        InputError: There is no such column, or a column that was declared does not exist.
    """
    first = tables.files[0].path
    with tables.filesystem.open_input_file(first) as stream:
        if tables.format is not Format.PARQUET:
            next(_records(stream, first, tables.format, options), None)
            return Field.TEXT.value
        names = parquet.read_schema(stream).names
    check_declared([names], options, first)
    found = match_columns(names, options).fields.get(Field.TEXT)
    if found is None:
        raise InputError(
            f"{first}: no column of message texts was recognised.\n"
            'Expected a column such as "text", "message" or "الرسالة".\n'
            "Say which column holds the text: --map COLUMN=text."
        )
    _check_columns(names, first, text := str(names[found.place]))
    return text


def _check_columns(names: Sequence[str], path: str, text: str) -> None:
    """Nothing, if a Parquet file has the text, and nothing that the run is to add."""
    if text not in names:
        raise InputError(
            f"{path}: there is no column {text!r}, which holds the text in the first file.\n"
            "Expected tables with the same columns.\n"
            "Scan the others by themselves, with an --out of their own."
        )
    if taken := sorted({PLACE, *BatchScorer().added}.intersection(names)):
        raise InputError(
            f"{path}: there already is {', '.join(taken)}.\n"
            "Expected none of the columns that the findings add, since nothing is overwritten.\n"
            "Drop or rename them."
        )
