"""Export file → messages: find the inputs, recognise their format, read them.

>>> chats = [open_chat(source, ReadOptions()) for source in discover([])]
>>> chats
[]
"""

from collections.abc import Iterator
from dataclasses import dataclass

from detector.read.columns import Field, MissingColumnError
from detector.read.discover import discover
from detector.read.recognise import recognise
from detector.read.source import DateOrder, Format, InputFile, ReadOptions, watched
from detector.records import Record, Unread

__all__ = [
    "Chat",
    "DateOrder",
    "Field",
    "Format",
    "InputFile",
    "MissingColumnError",
    "ReadOptions",
    "discover",
    "open_chat",
    "watched",
]

UNITS = {
    Format.WHATSAPP_ANDROID: "lines",
    Format.WHATSAPP_IOS: "lines",
    Format.TELEGRAM: "items",
    Format.META: "items",
    Format.SMS_BACKUP: "items",
    Format.SNAPCHAT: "items",
    Format.TIKTOK: "items",
    Format.X: "items",
    Format.DISCORD: "items",
    Format.JSON_LINES: "lines",
    Format.CSV: "rows",
    Format.XLSX: "rows",
    Format.PARQUET: "rows",
    Format.SQLITE: "rows",
}
"""What the records of a format are counted in."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One recognised input: its format, what its records are counted in, and the records, read once."""

    format: Format
    unit: str
    records: Iterator[Record]


def open_chat(source: InputFile, options: ReadOptions) -> Chat | Unread:
    """The records of an input, or why it holds none.

    Raises:
        InputError: what was declared in `options` cannot be used.
    """
    found = recognise(source, options)
    if isinstance(found, Unread):
        return found
    return Chat(found, UNITS[found], _records(found, source, options))


def _records(found: Format, source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The records of `source` as the reader of its format gives them.

    Readers are imported when they are needed: those of tables load large libraries.
    """
    # ruff: noqa: PLC0415
    match found:
        case Format.WHATSAPP_ANDROID | Format.WHATSAPP_IOS:
            from detector.read.whatsapp import read
        case Format.TELEGRAM:
            from detector.read.telegram import read
        case Format.META:
            from detector.read.meta import read
        case Format.SMS_BACKUP:
            from detector.read.sms_backup import read
        case Format.SNAPCHAT | Format.TIKTOK | Format.X | Format.DISCORD:
            from detector.read.apps import READERS

            return READERS[found](source, options)
        case Format.JSON_LINES:
            from detector.read.json_lines import read
        case Format.CSV:
            from detector.read.delimited import read
        case Format.XLSX:
            from detector.read.spreadsheet import read
        case Format.PARQUET:
            from detector.read.parquet import read
        case Format.SQLITE:
            from detector.read.databases import read
    return read(source, options)
