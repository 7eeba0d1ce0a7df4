"""The format of an input, told from its bytes."""

import io
import json
import zipfile

import pytest

from detector.read import Chat, open_chat
from detector.read.recognise import EXPECTED, recognise
from detector.read.source import Format, InputFile, ReadOptions
from detector.records import Message, Unread
from tests.read_examples import input_of

STAMPED = "13/03/2024, 21:07 - دانة: مرحبا\n"
TELEGRAM = {"name": "دانة", "type": "personal_chat", "id": 7, "messages": []}
FRIENDS = {"list": [{"name": "ن" * 50}] * 4000}
"""More than what the head of a file holds."""


def source_of(data: bytes | str, name: str = "export") -> InputFile:
    return input_of(data.encode() if isinstance(data, str) else data, name)


def zip_with(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "found"),
    [
        (STAMPED, "chat.csv", Format.WHATSAPP_ANDROID),
        ("\N{ZERO WIDTH NO-BREAK SPACE}" + STAMPED, "x", Format.WHATSAPP_ANDROID),
        ("13/03/2024، 9:07 م - دانة: a\n".encode("cp1256"), "x", Format.WHATSAPP_ANDROID),
        ("[13/03/2024, 21:07:00] دانة: a\n", "x.json", Format.WHATSAPP_IOS),
        ("headless line\n" + STAMPED, "x.txt", Format.WHATSAPP_ANDROID),
        (json.dumps(TELEGRAM), "x", Format.TELEGRAM),
        (json.dumps(TELEGRAM, indent=1), "x.txt", Format.TELEGRAM),
        ("\N{ZERO WIDTH NO-BREAK SPACE}" + json.dumps(TELEGRAM, indent=1), "x", Format.TELEGRAM),
        (json.dumps({"contacts": FRIENDS, "chats": {"list": []}}), "x", Format.TELEGRAM),
        (json.dumps({"contacts": FRIENDS, "messages": []}, indent=1), "x", Format.TELEGRAM),
        ('<!DOCTYPE html>\n<div class="message default clearfix" id="message1">', "x", Format.TELEGRAM),
        ('<?xml version="1.0"?>\n<smses count="1">', "x", Format.SMS_BACKUP),
        ('<?xml version="1.0"?>\n<calls count="1">', "x", Format.SMS_BACKUP),
        ('<smses><sms body="a" /></smses>', "x", Format.SMS_BACKUP),
        ('{"dana": [], "ali": [{"From": "ali", "Media Type": "TEXT"}]}', "x", Format.SNAPCHAT),
        ('{"Received Saved Chat History": [], "Sent Saved Chat History": []}', "x", Format.SNAPCHAT),
        ('{"Received Unsaved Chat History": []}', "x", Format.SNAPCHAT),
        ('{"From": "ali", "Media Type": "TEXT", "text": "a"}\n', "x", Format.JSON_LINES),
        ('{"Activity": {}, "Direct Messages": {"Chat History": {}}}\n', "x", Format.TIKTOK),
        ('{"Comment": {}, "Direct Message": {}}', "x", Format.TIKTOK),
        ("window.YTD.direct_messages.part0 = [ {\n", "x", Format.X),
        ("\N{ZERO WIDTH NO-BREAK SPACE}window.YTD.direct_messages_group.part12 = [", "x", Format.X),
        ("window.YTD.direct_message.part0 = [ ]", "x", Format.X),
        ('{"guild": {}, "messages": [{"type": "Default"}]}', "x", Format.DISCORD),
        ('[{"ID": 5, "Timestamp": "2024-03-12 21:07:00", "Contents": ""}]', "x", Format.DISCORD),
        ('{"text": "a"}\n{"text": "b"}\n', "x", Format.JSON_LINES),
        ('\n{"text": "a"}\n', "x.txt", Format.JSON_LINES),
        ('{"messages": [{"text": "a"}]}\n', "x.jsonl", Format.JSON_LINES),
        ('{"text": "' + "ن" * 100_000 + '"}\n', "x", Format.JSON_LINES),
        ("sender,text\nدانة,مرحبا\nدانة,طيب\n", "x", Format.CSV),
        ("sender;text\nدانة;مرحبا\nدانة;طيب\n".encode("cp1256"), "x.txt", Format.CSV),
        ("sender\ttext\nدانة\tمرحبا\nدانة\tطيب\n".encode("utf-16"), "x", Format.CSV),
        (f'date,text\n1,"forwarded:\n{STAMPED}"\n2,x\n', "x.csv", Format.CSV),
        ("text\nمرحبا\n", "x.csv", Format.CSV),
        (zip_with("[Content_Types].xml", "xl/workbook.xml"), "x", Format.XLSX),
        (b"PAR1 and more", "x", Format.PARQUET),
        (b"SQLite format 3\0 and more", "x", Format.SQLITE),
    ],
)
def test_a_format_is_told_from_the_content(data: bytes | str, name: str, found: Format) -> None:
    assert recognise(source_of(data, name), ReadOptions()) is found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "this is an empty file."),
        (b" \n\n", "the file holds nothing but blanks."),
        (b"\x37\x7f\x06\x82 and more", "this is a write-ahead log of a SQLite database (-wal)."),
        (b"\xff\xd8\xff\xe0 and more", "this is a picture (JPEG)."),
        (b"%PDF-1.7", "this is a PDF document."),
        (bytes(range(256)) * 8, "this is a binary file of a kind not known here."),
        (
            zip_with("[Content_Types].xml", "word/document.xml"),
            "this is a document or a broken zip, no workbook.",
        ),
        ("<!DOCTYPE html>\n<html>", "this is HTML."),
        ('<?xml version="1.0"?>\n<project>', "this is XML."),
        ('[{"text": "a"}]', "this is a JSON list."),
        ('{\n "a": 1\n}', "this JSON is of a kind not known here."),
        ('{"messages": [{"text": "a", "sender": "b"}]}', "this JSON is of a kind not known here."),
        ('{"dana": [{"From": "dana", "Content": "a"}]}', "this JSON is of a kind not known here."),
        ('{"Activity": {}, "Comment": {"CommentsList": []}}\n', "this JSON is of a kind not known here."),
        ("window.YTD.tweets.part0 = [ {\n", "this part of an archive of X holds no messages."),
        (
            "window.YTD.direct_message_headers.part0 = [ {\n",
            "this part of an archive of X holds no messages.",
        ),
        (STAMPED.encode("utf-16"), "this is a WhatsApp export saved as UTF-16."),
        ("words\n", "no line of this text starts a message, and it has no columns."),
    ],
)
def test_what_is_not_read_says_why(data: bytes | str, reason: str) -> None:
    unread = recognise(source_of(data), ReadOptions())

    assert isinstance(unread, Unread)
    assert unread.file == "export"
    assert unread.reason.split("\n")[:2] == [reason, EXPECTED]
    assert len(unread.reason.split("\n")) == 3


def test_a_declared_format_is_taken() -> None:
    options = ReadOptions(format=Format.WHATSAPP_IOS)

    assert recognise(source_of("words\n"), options) is Format.WHATSAPP_IOS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (STAMPED, "the lines are those of whatsapp-android, not of whatsapp-ios."),
        (b"PAR1 and more", "this is a document, workbook or table, not whatsapp-ios."),
        (b"SQLite format 3\0 and more", "this is a SQLite database, not whatsapp-ios."),
        ("[13/03/2024, 21:07:00] دانة: a\n".encode("utf-16"), "this is a WhatsApp export saved as UTF-16."),
    ],
)
def test_a_declared_format_that_the_bytes_contradict_is_not_taken(data: bytes | str, reason: str) -> None:
    unread = recognise(source_of(data), ReadOptions(format=Format.WHATSAPP_IOS))

    assert isinstance(unread, Unread)
    assert unread.reason.split("\n")[:2] == [reason, EXPECTED]


def test_a_declared_format_is_taken_where_other_lines_come_first() -> None:
    mixed = STAMPED + "[13/03/2024, 21:07:00] دانة: a\n"

    assert recognise(source_of(mixed), ReadOptions(format=Format.WHATSAPP_IOS)) is Format.WHATSAPP_IOS


def test_a_picture_is_no_chat_whatever_was_declared() -> None:
    options = ReadOptions(format=Format.WHATSAPP_IOS)

    assert isinstance(recognise(source_of(b"\xff\xd8\xff\xe0"), options), Unread)


@pytest.mark.parametrize(
    ("data", "unit"),
    [
        (STAMPED, "lines"),
        ('{"text": "مرحبا"}\n', "lines"),
        ("sender,text\nدانة,مرحبا\nدانة,مرحبا\n", "rows"),
        (json.dumps(TELEGRAM | {"messages": [{"id": 1, "type": "message", "text": "مرحبا"}]}), "items"),
    ],
)
def test_an_opened_chat_gives_its_records_and_their_unit(data: str, unit: str) -> None:
    chat = open_chat(source_of(data), ReadOptions())

    assert isinstance(chat, Chat)
    assert chat.unit == unit
    assert {record.text for record in chat.records if isinstance(record, Message)} == {"مرحبا"}


def test_what_is_no_chat_does_not_open() -> None:
    assert isinstance(open_chat(source_of(b""), ReadOptions()), Unread)
