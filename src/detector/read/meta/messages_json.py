"""Instagram's, Facebook's and Messenger's chats, as Meta hands them out in JSON (`message_1.json`).

A file holds up to ten thousand messages of one thread, the newest first, and bytes of UTF-8 as if each were
a letter; Messenger's export of encrypted chats has other keys, and whole letters. Messages come out in the
order in which they were sent; the unit is the item of `messages`. Reactions are passed over.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from detector.read.dates import declared_zone
from detector.read.json_events import BeyondYajlError, BrokenError, Cursor, events_of
from detector.read.meta.thread import named
from detector.read.mojibake import DAMAGED, damaged, repaired
from detector.read.source import InputFile, ReadOptions
from detector.read.timestamps import DATE_NOT_UNDERSTOOD, epoch_iso, oldest_first
from detector.records import Kind, Message, Passed, PassedKind, Record, Source, Unread

TITLES = ("title", "threadName")
SENDERS = ("sender_name", "senderName")
TEXTS = ("content", "text")
SHARED = ("share_text", "link")
SENT_SOMETHING = re.compile(r".{1,100} sent an attachment\.")
"""Meta's own words beside what is shared."""
TIMES = ("timestamp_ms", "timestamp")
UNSENT = ("is_unsent", "isUnsent")
MEDIA = ("photos", "videos", "audio_files", "files", "gifs", "media", "sticker")
EVENTS = frozenset({"Subscribe", "Unsubscribe"})
"""Types of lines that tell who joined and who left."""

BROKEN = (
    "the JSON ends early or is damaged here, nothing after it can be read.\n"
    "Expected a complete message_1.json of Instagram, Facebook or Messenger.\n"
    "Copy or download the file again; what stands before this place was read."
)
NO_EXPORT = (
    "there are no messages in this JSON.\n"
    'Expected the message_1.json of Instagram, Facebook or Messenger, with an array "messages".\n'
    "If the file has another format, say so with --format."
)
NO_MESSAGE = (
    "the item is no message that can be read.\n"
    "Expected an object with the name of a sender and a time.\n"
    "Look at this place of the file; the other items were read."
)


@dataclass(slots=True)
class _Document:
    """What was gathered of a file: its thread's names, its items in their order, and what is told last."""

    names: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    found: bool = False
    end: Unread | None = None


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a file, the oldest first; after damage, one `Unread` for the rest.

    A file is held in memory, since the thread's name stands after the messages.
    """
    zone = declared_zone(options.tz) if options.tz else None
    with source.open() as stream:
        try:
            document = _document(Cursor(events_of(stream, lossless=False)), source, zone)
        except BeyondYajlError:
            document = _document(Cursor(events_of(stream, lossless=True)), source, zone)
    thread = _thread(document.names, source)
    for record in oldest_first(document.records):
        yield replace(record, thread=thread) if isinstance(record, Message) else record
    if document.end is not None:
        yield document.end


def _document(cursor: Cursor, source: InputFile, zone: ZoneInfo | None) -> _Document:
    """All that can be read of a document."""
    document = _Document()
    try:
        event = cursor.take()
        if event[0] == "start_map":
            _gather(cursor, document, source, zone)
        else:
            cursor.skip(event)
    except BrokenError:
        document.end = Unread(source.name, cursor.place, BROKEN)
        return document
    if not document.found:
        document.end = Unread(source.name, "/", NO_EXPORT)
    return document


def _gather(cursor: Cursor, document: _Document, source: InputFile, zone: ZoneInfo | None) -> None:
    """Takes what an object that has begun tells of its thread and messages.

    Raises:
        BrokenError: nothing more can be read.
    """
    for key in cursor.names():
        event = cursor.take()
        if key == "messages" and event[0] == "start_array":
            document.found = True
            for number, element in enumerate(cursor.elements()):
                cursor.place = f"/messages/{number}"
                document.records.append(_record(cursor.build(element), source, zone, cursor.place))
            cursor.place = "/"
        elif event[0] == "string":
            document.names[key] = event[1]
        else:
            cursor.skip(event)


def _thread(names: Mapping[str, str], source: InputFile) -> str:
    """The name of the thread, from what the file tells beside its messages."""
    title = next((names[key] for key in TITLES if names.get(key)), "")
    return named(repaired(title) or title, names.get("thread_path", "").rpartition("/")[2], source)


def _record(item: object, source: InputFile, zone: ZoneInfo | None, place: str) -> Record:
    """One item of `messages`: a message, a line about who joined, or what could not be read."""
    if not isinstance(item, dict) or not any(key in item for key in SENDERS):
        return Unread(source.name, place, NO_MESSAGE)
    if item.get("type") in EVENTS:
        return Passed(source.name, place, PassedKind.SYSTEM)
    text, warnings = _text(item)
    sent_at = _sent_at(item, zone)
    if sent_at is None:
        warnings = (*warnings, DATE_NOT_UNDERSTOOD)
    return Message(
        text=text,
        sender=_named(item, SENDERS),
        sent_at=sent_at,
        kind=_kind(item, text),
        attachment=_attachment(item),
        source=Source(source.name, source.sha256, place, warnings=warnings),
    )


def _text(item: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What was written and what was shared with it, a line each, put right; and what to warn of."""
    share = item.get("share")
    words = next((text for key in TEXTS if (text := _filled(item.get(key)))), "")
    shared = [_filled(share.get(key)) for key in SHARED] if isinstance(share, dict) else []
    shared = [one for one in shared if one and one not in words]
    if shared and SENT_SOMETHING.fullmatch(words):
        words = ""
    written = [one for one in (words, *shared) if one]
    meant = [repaired(one) for one in written]
    hurt = any(right is None and damaged(one) for one, right in zip(written, meant, strict=True))
    text = "\n".join(right or one for one, right in zip(written, meant, strict=True))
    return text, (DAMAGED,) if hurt else ()


def _filled(value: object) -> str:
    return value if isinstance(value, str) else ""


def _kind(item: Mapping[str, Any], text: str) -> Kind:
    """What a message consists of. Meta puts a sentence of its own beside a call: it is no message's text."""
    if "call_duration" in item or item.get("type") == "Call":
        return Kind.CALL
    if text:
        return Kind.TEXT
    return Kind.DELETED if any(item.get(key) for key in UNSENT) else Kind.MEDIA


def _named(item: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of these values that is a name, put right."""
    name = next((item[key] for key in keys if isinstance(item.get(key), str) and item[key]), None)
    return name if name is None else repaired(name) or name


def _sent_at(item: Mapping[str, Any], zone: ZoneInfo | None) -> str | None:
    """When an item was sent, in UTC or the declared zone."""
    number = next((item[key] for key in TIMES if isinstance(item.get(key), int)), None)
    return None if number is None else epoch_iso(number, zone)


def _attachment(item: Mapping[str, Any]) -> str | None:
    """The first file that came with a message, by its place in the export."""
    for key in MEDIA:
        value = item.get(key)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and isinstance(one.get("uri"), str):
                return str(one["uri"])
    return None
