"""Which format an input has, told from its bytes; its suffix only decides between two that fit."""

import codecs
import json
import re
from pathlib import PurePosixPath
from typing import BinaryIO

import ijson

from detector.read import delimited, whatsapp
from detector.read.apps import discord, snapchat, x
from detector.read.archive import ZIP_MAGIC, office_parts
from detector.read.meta import pages as meta_pages
from detector.read.source import Format, InputFile, ReadOptions
from detector.read.telegram.pages import is_page
from detector.records import Unread

HEAD_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 26
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SQLITE_MAGIC = b"SQLite format 3\0"
WHATSAPP = frozenset({Format.WHATSAPP_ANDROID, Format.WHATSAPP_IOS})

KNOWN = (
    "WhatsApp exports (.txt, .zip), Telegram's result.json and messages.html, message_1.json and "
    "message_1.html of Instagram, Facebook and Messenger, JSON of Snapchat, TikTok, X and Discord, XML of "
    "SMS Backup & Restore, JSON Lines, CSV or TSV, Excel's .xlsx, Parquet, databases (SQLite) of WhatsApp, "
    "iMessage, SMS and imo"
)
EXPECTED = f"Expected one of the formats this version reads: {KNOWN}."

SUFFIXES = {
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
}

MAGIC = (
    (0, b"\x37\x7f\x06\x82", "a write-ahead log of a SQLite database (-wal)"),
    (0, b"\x37\x7f\x06\x83", "a write-ahead log of a SQLite database (-wal)"),
    (0, b"\xff\xd8\xff", "a picture (JPEG)"),
    (0, b"\x89PNG\r\n", "a picture (PNG)"),
    (0, b"GIF8", "a picture (GIF)"),
    (8, b"WEBP", "a picture (WebP)"),
    (4, b"ftyp", "a film, sound or picture (MPEG-4)"),
    (0, b"OggS\0", "a sound file (Ogg)"),
    (0, b"ID3\2", "a sound file (MP3)"),
    (0, b"ID3\3", "a sound file (MP3)"),
    (0, b"ID3\4", "a sound file (MP3)"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"{\\rtf", "a document of a word processor (RTF)"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file (.xls, .doc)"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"bplist00", "a binary property list"),
    (257, b"ustar", "a tar archive"),
)
"""Offset, bytes and name of the kinds of files that turn up beside exports and are not read."""

ADVICE = {
    "a write-ahead log of a SQLite database (-wal)": "What to do is said of the database beside it.",
    "an old Excel or Word file (.xls, .doc)": "Open it in a spreadsheet program, save as .xlsx.",
}
DECLARE = "If it is an export all the same, declare its format, such as --format whatsapp-android."
UNDECLARE = "Leave --format out for this input, or declare the format it has."
UNPACK = "If it holds a chat, export the chat in one of these formats and scan that."

MARKUP = re.compile(r"\s*<(\?xml|!doctype|html|smses|calls)\b", re.IGNORECASE)
SMS_BACKUP = re.compile(r"<smses\b|<calls\b[^>]{0,200}\bcount=")
XML = ("?xml", "smses", "calls")
JSON_LIST = re.compile(r"\[\s*[\[{\"\]]")
LOOKED_INTO = ("", "messages.item")
DECISIVE = frozenset(
    {
        ("", "end_map"),
        ("chats", "start_map"),
        ("messages", "end_array"),
        ("messages.item", "end_map"),
    }
)
OF_X = "window.YTD."
OF_DISCORD = {("guild", "start_map")}
OF_TIKTOK = {("Direct Message", "start_map"), ("Direct Messages", "start_map")}
OF_META = {
    ("participants", "start_array"),
    ("messages.item.sender_name", "string"),
    ("messages.item.senderName", "string"),
}
OF_TELEGRAM = {
    "messages.item.date",
    "messages.item.date_unixtime",
    "messages.item.from",
    "messages.item.type",
}
"""Keys, the first ones with the kinds of their values, that tell these exports from each other."""

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def recognise(source: InputFile, options: ReadOptions) -> Format | Unread:
    """The format of an input (the declared one, where its bytes are not of a wholly other kind)."""
    if source.size == 0:
        return _unread(source, "this is an empty file", "Check that the export was copied whole.")
    try:
        with source.open() as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        return _unread(source, f"the file cannot be opened ({error.strerror})", "Check its permissions.")
    return (
        _refused_binary(source, head)
        or _contradicted(source, head, options.format)
        or options.format
        or _container(source, head)
        or _text(source, head)
    )


def _refused_binary(source: InputFile, head: bytes) -> Unread | None:
    """Why a file of a known binary kind is not read; None for all others."""
    for offset, magic, name in MAGIC:
        if head.startswith(magic, offset):
            return _unread(source, f"this is {name}", ADVICE.get(name, UNPACK))
    return None


def _contradicted(source: InputFile, head: bytes, declared: Format | None) -> Unread | None:
    """Why an input is not of the format that was declared for it; None where it may be."""
    if head.startswith(SQLITE_MAGIC) and declared not in (None, Format.SQLITE):
        return _unread(source, f"this is a SQLite database, not {declared}", UNDECLARE)
    if declared not in WHATSAPP:
        return None
    if head.startswith((b"PAR1", *ZIP_MAGIC)):
        return _unread(source, f"this is a document, workbook or table, not {declared}", UNDECLARE)
    found = frozenset(whatsapp.stamped(decoded(head)))
    if found and declared not in found:
        return _unread(source, f"the lines are those of {min(found)}, not of {declared}", UNDECLARE)
    return _utf16(source) if head.startswith(UTF16) else None


def _container(source: InputFile, head: bytes) -> Format | Unread | None:
    """Parquet, a database or a workbook; None for what is none of them."""
    if head.startswith(SQLITE_MAGIC):
        return Format.SQLITE
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if not head.startswith(ZIP_MAGIC):
        return None
    with source.open() as stream:
        parts = office_parts(stream)
    if "xl/workbook.xml" in parts:
        return Format.XLSX
    return _unread(source, "this is a document or a broken zip, no workbook", UNPACK)


def _text(source: InputFile, head: bytes) -> Format | Unread:
    """The format of an input that is no known kind of binary file."""
    text = decoded(head)
    start = text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE} \t\r\n")
    if not start:
        return _unread(source, "the file holds nothing but blanks", "Check that the export was copied whole.")
    found = (
        _chat(source, head, whatsapp.sniff(text, lines=1))
        or _script(source, head, start)
        or _json(source, head, start)
        or _markup(source, head, start)
        or (_chat(source, head, whatsapp.sniff(text)) if _suffix(source) is None else None)
    )
    if found:
        return found
    if delimited.sniff_dialect(head) is not None:
        return Format.CSV
    if len(CONTROL.findall(text)) * 100 > len(text):
        return _unread(source, "this is a binary file of a kind not known here", UNPACK)
    return _suffix(source) or _unread(
        source, "no line of this text starts a message, and it has no columns", DECLARE
    )


def _chat(source: InputFile, head: bytes, found: Format | None) -> Format | Unread | None:
    """WhatsApp's format where it was found, unless the file was saved anew in an encoding it never has."""
    if found and head.startswith(UTF16):
        return _utf16(source)
    return found


def _utf16(source: InputFile) -> Unread:
    return _unread(source, "this is a WhatsApp export saved as UTF-16", "Save it as UTF-8.")


def _script(source: InputFile, head: bytes, start: str) -> Format | Unread | None:
    """Direct messages of X, or that another part of its archive holds none; None for what is neither."""
    if not start.startswith(OF_X):
        return None
    if x.is_messages(head):
        return Format.X
    return _unread(source, "this part of an archive of X holds no messages", "Give its direct-messages.js.")


def _markup(source: InputFile, head: bytes, start: str) -> Format | Unread | None:
    """Telegram's or Meta's pages, a backup of SMS, or why other HTML or XML is not read; None for others."""
    found = MARKUP.match(start)
    if found is None:
        return None
    if is_page(head):
        return Format.TELEGRAM
    if SMS_BACKUP.search(start):
        return Format.SMS_BACKUP
    if found[1] in XML:
        return _unread(source, "this is XML", "Give the tables of the forensic tool as CSV or XLSX.")
    with source.open() as stream:
        if meta_pages.is_page(stream.read(meta_pages.HEAD_BYTES)):
            return Format.META
    return _unread(source, "this is HTML", "The messages of Instagram and Facebook are in a message_1.html.")


def decoded(head: bytes) -> str:
    """The beginning of a file as text, for looking at: UTF-16 by its mark, else UTF-8, else Windows-1256."""
    if head.startswith(UTF16):
        return codecs.getincrementaldecoder("utf-16")(errors="replace").decode(head)
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        utf8 = head.decode("utf-8", errors="replace")
    damaged = utf8.count("\N{REPLACEMENT CHARACTER}")
    whole = sum(not char.isascii() for char in utf8) - damaged
    return utf8 if damaged <= whole else head.decode("cp1256", errors="replace")


def _json(source: InputFile, head: bytes, start: str) -> Format | Unread | None:
    """The JSON of a program, JSON Lines, or why other JSON is not read; None for what is no JSON."""
    if discord.is_package(start):
        return Format.DISCORD
    if JSON_LIST.match(start):
        return _unread(source, "this is a JSON list", "Write one object a line instead (JSON Lines).")
    if not start.startswith("{"):
        return None
    if _suffix(source) is Format.JSON_LINES or head.startswith(UTF16):
        return Format.JSON_LINES
    return _json_object(source, start)


def _json_object(source: InputFile, start: str) -> Format | Unread:
    """The format of JSON that begins with an object."""
    with source.open() as stream:
        keys = _keys(stream)
    if found := _program(keys, start):
        return found
    if keys.get("messages") != "start_array" and _is_lines(source):
        return Format.JSON_LINES
    return _unread(source, "this JSON is of a kind not known here", "Write one message a line (JSON Lines).")


def _program(keys: dict[str, str], start: str) -> Format | None:
    """The program that writes JSON with these keys; None where none is known."""
    if OF_DISCORD & keys.items():
        return Format.DISCORD
    if OF_TIKTOK & keys.items():
        return Format.TIKTOK
    if snapchat.is_history(start):
        return Format.SNAPCHAT
    messages = keys.get("messages") == "start_array"
    if messages and OF_META & keys.items():
        return Format.META
    of_items = {key for key in keys if key.startswith("messages.item.")}
    if keys.get("chats") == "start_map" or (messages and (not of_items or of_items & OF_TELEGRAM)):
        return Format.TELEGRAM
    return None


def _keys(stream: BinaryIO) -> dict[str, str]:
    """The keys of the first object in a JSON stream with the kinds of their values, up to those that decide.

    Keys of the first message are among them, as "messages.item.from". Values are passed over as they
    stream by, so a chat list after a large list of contacts is found.
    """
    if stream.read(3) != codecs.BOM_UTF8:
        stream.seek(0)
    keys: dict[str, str] = {}
    key: str | None = None
    try:
        for prefix, event, value in ijson.parse(stream, multiple_values=True, use_float=True):
            if key is not None:
                keys[key], key = event, None
            if event == "map_key" and prefix in LOOKED_INTO:
                key = f"{prefix}.{value}".lstrip(".")
            elif (prefix, event) in DECISIVE:
                break
    except (ijson.JSONError, UnicodeDecodeError):
        return keys
    return keys


def _is_lines(source: InputFile) -> bool:
    """Whether the first line is an object, and of a message where there is no other line.

    A whole archive (Snapchat's, TikTok's) may be one line as well: its object has no text.
    """
    with source.open() as stream:
        line = stream.readline(MAX_LINE_BYTES)
        while line and not line.strip():
            line = stream.readline(MAX_LINE_BYTES)
        alone = not stream.read(HEAD_BYTES).strip()
    try:
        first = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    if not isinstance(first, dict):
        return False
    return not (alone and all(isinstance(value, dict | list) for value in first.values()))


def _suffix(source: InputFile) -> Format | None:
    return SUFFIXES.get(PurePosixPath(source.name).suffix.lower())


def _unread(source: InputFile, what: str, advice: str) -> Unread:
    return Unread(source.name, "file", f"{what}.\n{EXPECTED}\n{advice}", units=source.lines or 1)
