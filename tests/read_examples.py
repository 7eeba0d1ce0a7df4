"""Inputs as the readers get them, for the tests of the readers."""

import io
import json
from pathlib import Path
from typing import Any

from detector.read.discover import measured
from detector.read.source import InputFile
from detector.records import Message, Passed, Record, Unread

EXPORTS = Path(__file__).parent / "exports"
SHARED = Path(__file__).parents[2] / "shared" / "exports"


def input_of(data: bytes, name: str = "export") -> InputFile:
    """These bytes as an input, measured as those of any file."""
    source = measured(name, lambda: io.BytesIO(data))
    assert isinstance(source, InputFile)
    return source


def input_at(path: Path) -> InputFile:
    """The file at this place as an input that goes by the file's name."""
    return input_of(path.read_bytes(), path.name)


def messages_of(records: list[Record]) -> list[Message]:
    """The messages among the records."""
    return [record for record in records if isinstance(record, Message)]


def outline(records: list[Record]) -> list[str]:
    """What each record is, in short: its text, or what was passed over or unread, and where."""
    return [_line(record) for record in records]


def _line(record: Record) -> str:
    match record:
        case Unread():
            return f"unread {record.locator}"
        case Passed():
            return f"{record.kind} {record.locator}"
        case Message():
            return record.text or record.kind.value


def expected_of(path: Path) -> Any:
    """What a reader must find in an example file, as `F.expected.json` beside it says."""
    return json.loads(path.with_name(path.name + ".expected.json").read_text("utf-8"))
