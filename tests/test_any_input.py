"""Whatever is wrong with an export, its reader tells it and does not fail."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from detector.errors import InputError
from detector.read import Chat, Format, ReadOptions, open_chat
from tests.read_examples import EXPORTS, input_of

SNAPCHAT = {
    "ali": [{"From": "ali", "Media Type": "TEXT", "Created": "2024-03-12 21:07:00 UTC", "Content": "هلا"}]
}
TIKTOK = {
    "Direct Messages": {
        "Chat History": {
            "ChatHistory": {
                "Chat History with ali:": [{"Date": "2024-03-12 21:07:00", "From": "ali", "Content": "هلا"}]
            }
        }
    }
}
X = [
    {
        "dmConversation": {
            "conversationId": "1-2",
            "messages": [
                {
                    "messageCreate": {
                        "senderId": "1",
                        "recipientId": "2",
                        "text": "هلا",
                        "id": "9",
                        "createdAt": "2024-03-12T21:07:00.000Z",
                    }
                }
            ],
        }
    }
]
DISCORD = {
    "guild": {"id": "0", "name": "Direct Messages"},
    "channel": {"id": "5", "name": "ali", "type": "DirectTextChat"},
    "messages": [
        {
            "id": "7",
            "type": "Default",
            "timestamp": "2024-03-12T21:07:00+03:00",
            "content": "هلا",
            "author": {"id": "1", "name": "ali"},
        }
    ],
    "messageCount": 1,
}
META = {
    "participants": [{"name": "ali"}],
    "messages": [{"sender_name": "ali", "timestamp_ms": 1710277620000, "content": "hla"}],
}
SMS = (
    '<?xml version="1.0"?>\n<smses count="1">'
    '<sms address="+963900000001" date="1757963160000" type="1" body="هلا" /></smses>'
)
LINES = '{"text": "هلا", "sender": "ali", "timestamp": 1710277620000, "date": "12/03/2024"}\n' * 2
TABLE = "Date,Time,Timestamp UTC+3,Sender,Direction,Message\n12/03/2024,21:07,1710277620,ali,sent,هلا\n" * 2


def _parquet() -> bytes:
    moments = pyarrow.array([1710277620_000_000], pyarrow.timestamp("us"))
    stream = io.BytesIO()
    parquet.write_table(pyarrow.table({"text": ["هلا"], "sender": ["ali"], "sent_at": moments}), stream)
    return stream.getvalue()


def _workbook() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Text", "Date", "Sender"])
        sheet.write_row(1, 0, ["هلا", 45_363.5, "ali"])
    return stream.getvalue()


def _database() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(
            "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, handle_id, date,"
            " is_from_me, attributedBody BLOB, item_type DEFAULT 0, associated_message_type DEFAULT 0,"
            " date_retracted DEFAULT 0, cache_has_attachments DEFAULT 0);"
            "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);"
            "INSERT INTO message (text, date, is_from_me) VALUES ('هلا', 700000000, 0);"
        )
        return connection.serialize()


def _file(name: str) -> bytes:
    return (EXPORTS / name).read_bytes()


EXAMPLES = {
    Format.WHATSAPP_ANDROID: _file("whatsapp/android_egypt.txt"),
    Format.WHATSAPP_IOS: _file("whatsapp/ios_saudi.txt"),
    Format.TELEGRAM: _file("telegram/chat.json"),
    Format.META: json.dumps(META).encode(),
    Format.SMS_BACKUP: SMS.encode(),
    Format.SNAPCHAT: json.dumps(SNAPCHAT).encode(),
    Format.TIKTOK: json.dumps(TIKTOK).encode(),
    Format.X: b"window.YTD.direct_messages.part0 = " + json.dumps(X).encode(),
    Format.DISCORD: json.dumps(DISCORD).encode(),
    Format.JSON_LINES: LINES.encode(),
    Format.CSV: TABLE.encode(),
    Format.XLSX: _workbook(),
    Format.PARQUET: _parquet(),
    Format.SQLITE: _database(),
}
WEB_PAGES = sorted(path for path in Path(EXPORTS).rglob("*.html"))

PIECES = (
    "",
    "9" * 30,
    "-1",
    "0",
    "1e999",
    "NaN",
    "null",
    "[]",
    "{}",
    '"',
    "<",
    ">",
    "\n",
    "\r",
    "\0",
    ",",
    ";",
    "UTC+99",
    "29/02/2023",
    "٩٩:٩٩",
    "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
)
EDIT = st.tuples(st.integers(0, 1 << 12), st.integers(0, 24), st.sampled_from(PIECES))


def edited(data: bytes, edits: list[tuple[int, int, str]]) -> bytes:
    """The bytes with pieces put in, each in place of some."""
    changed = bytearray(data)
    for at, length, piece in edits:
        start = at % (len(changed) + 1)
        changed[start : start + length] = piece.encode("utf-8", "surrogateescape")
    return bytes(changed)


def read_all(data: bytes, options: ReadOptions, name: str = "export") -> int:
    """How many records there are."""
    chat = open_chat(input_of(data, name), options)
    return len(list(chat.records)) if isinstance(chat, Chat) else 1


@pytest.mark.parametrize("found", sorted(EXAMPLES))
def test_the_examples_are_read(found: Format) -> None:
    assert read_all(EXAMPLES[found], ReadOptions()) >= 1


@settings(deadline=None)
@given(st.sampled_from(sorted(EXAMPLES)), st.lists(EDIT, min_size=1, max_size=4))
def test_an_edited_export_never_ends_a_reader(found: Format, edits: list[tuple[int, int, str]]) -> None:
    read_all(edited(EXAMPLES[found], edits), ReadOptions(format=found))


@settings(deadline=None)
@given(st.sampled_from(WEB_PAGES), st.lists(EDIT, min_size=1, max_size=4))
def test_an_edited_page_never_ends_a_reader(page: Path, edits: list[tuple[int, int, str]]) -> None:
    read_all(edited(page.read_bytes(), edits), ReadOptions(), page.name)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(EXAMPLES)), st.lists(EDIT, min_size=1, max_size=2), st.sampled_from(sorted(Format))
)
def test_an_export_declared_as_another_never_ends_a_reader(
    found: Format, edits: list[tuple[int, int, str]], declared: Format
) -> None:
    try:
        read_all(edited(EXAMPLES[found], edits), ReadOptions(format=declared, tz="Asia/Baghdad"))
    except InputError as error:  # a declared column or zone; there is none here
        raise AssertionError from error
