"""Telegram Desktop's `result.json`: one chat, or all chats of an account, streamed.

A single chat is `{"name", "type", "id", "messages": […]}`; an account export holds such objects under
`/chats/list` and `/left_chats/list`. Only one message is in memory at a time. The unit is the item of
`messages`. A chat's name and id are known to its messages where they stand before them, as Telegram
writes them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from detector.read.dates import declared_zone
from detector.read.json_events import BeyondYajlError, BrokenError, Cursor, Event, events_of
from detector.read.namesakes import Namesakes
from detector.read.source import InputFile, ReadOptions
from detector.read.timestamps import DATE_NOT_UNDERSTOOD, DateStyle, epoch_iso, written_time
from detector.records import FORWARDED, Kind, Message, Passed, PassedKind, Record, Source, Unread

CHAT_LISTS = ("chats", "left_chats")
LISTS = ("poll", "todo_list")
CALLS = ("phone_call", "group_call", "conference_call")
MEDIA_KEYS = (
    *("file", "photo", "media_type", "sticker_emoji", "contact_information", "location_information"),
    *("poll", "game_title", "invoice_information", "todo_list", "paid_media", "giveaway_information"),
)

BROKEN = (
    "the JSON ends early or is damaged here, nothing after it can be read.\n"
    "Expected the complete result.json of Telegram Desktop.\n"
    "Copy or export the file again; what stands before this place was read."
)
NO_EXPORT = (
    "there are neither messages nor chats in this JSON.\n"
    'Expected the result.json of Telegram Desktop, with "messages" or "chats".\n'
    "If the file has another format, say so with --format."
)
NO_CHAT = (
    "the chat is malformed.\n"
    'Expected an object with an array "messages".\n'
    "Look at this place of the file; the other chats were read."
)
NO_MESSAGE = (
    "the item is no message that can be read.\n"
    'Expected an object with "type" and a "text" that is a string or a list of strings and entities.\n'
    "Look at this place of the file; the other items were read."
)
UNSUPPORTED = (
    "the item's type is unknown.\n"
    'Expected "message" or "service"; Telegram marks what it could not export "unsupported".\n'
    "Look at this message in Telegram itself."
)

UNIX_TIME = re.compile(r"\d{1,12}")


@dataclass(frozen=True, slots=True)
class _Chat:
    """The chat whose messages are being read."""

    source: InputFile
    zone: ZoneInfo | None
    pointer: str
    name: str | None
    id: str | None
    namesakes: Namesakes = field(default_factory=Namesakes)

    @property
    def thread(self) -> str:
        """What tells this chat from all others, for people: its name, and its id where it has one."""
        name = self.name or self.source.name + ("" if self.id else self.pointer)
        return f"{name} ({self.id})" if self.id else name

    def message_id(self, number: object) -> str:
        """The id of a message of this chat, unique in an account; empty where a part of it is missing."""
        return f"{self.id}/{number}" if self.id and _is_number(number) else ""


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of an export in its order, item by item; after damage, one `Unread` for the rest."""
    zone = declared_zone(options.tz) if options.tz else None
    with source.open() as stream:
        count = 0
        try:
            for record in _records(events_of(stream, lossless=False), source, zone):
                yield record
                count += 1
        except BeyondYajlError:
            yield from islice(_records(events_of(stream, lossless=True), source, zone), count, None)


def _records(events: Iterator[Event], source: InputFile, zone: ZoneInfo | None) -> Iterator[Record]:
    """The records of a document, and one for what cannot be read any more."""
    cursor = Cursor(events)
    try:
        yield from _document(cursor, source, zone)
    except BrokenError:
        yield Unread(source.name, cursor.place, BROKEN)


def _document(cursor: Cursor, source: InputFile, zone: ZoneInfo | None) -> Iterator[Record]:
    """All records of a document: those of its chats, or one `Unread` where it has none."""
    event = cursor.take()
    if event[0] == "start_map":
        yield from _chat(cursor, source, zone, "")
    else:
        cursor.skip(event)
    cursor.place = "/"
    if next(cursor.events, None) is not None or not cursor.found:
        yield Unread(source.name, "/", NO_EXPORT)


def _chat(cursor: Cursor, source: InputFile, zone: ZoneInfo | None, pointer: str) -> Iterator[Record]:
    """The records of a chat whose object has begun; of an account's chats where it is the document."""
    name = chat_id = None
    has_messages = False
    for key in cursor.names():
        event = cursor.take()
        if key == "messages" and event[0] == "start_array":
            cursor.found = has_messages = True
            yield from _messages(cursor, _Chat(source, zone, pointer, name, chat_id))
        elif key in CHAT_LISTS and event[0] == "start_map" and not pointer:
            yield from _chat_list(cursor, source, zone, key)
        elif key == "name" and event[0] == "string":
            name = event[1]
        elif key == "id" and _is_number(event[1]):
            chat_id = str(event[1])
        else:
            cursor.skip(event)
    if pointer and not has_messages:
        yield Unread(source.name, pointer, NO_CHAT)


def _chat_list(cursor: Cursor, source: InputFile, zone: ZoneInfo | None, key: str) -> Iterator[Record]:
    """The records of all chats of an account's list, whose object has begun."""
    for inner in cursor.names():
        event = cursor.take()
        if inner != "list" or event[0] != "start_array":
            cursor.skip(event)
            continue
        cursor.found = True
        for number, element in enumerate(cursor.elements()):
            pointer = cursor.place = f"/{key}/list/{number}"
            if element[0] == "start_map":
                yield from _chat(cursor, source, zone, pointer)
            else:
                cursor.skip(element)
                yield Unread(source.name, pointer, NO_CHAT)


def _messages(cursor: Cursor, chat: _Chat) -> Iterator[Record]:
    """The records of an array of messages that has begun, one for each item."""
    number = 0
    cursor.place = f"{chat.pointer}/messages/0"
    while (event := cursor.take())[0] != "end_array":
        yield _record(cursor.build(event), chat, cursor.place)
        number += 1
        cursor.place = f"{chat.pointer}/messages/{number}"


def _record(item: object, chat: _Chat, place: str) -> Record:
    """One item of `messages`: a message, a call, a service line, or what could not be read."""
    file = chat.source.name
    if not isinstance(item, dict):
        return Unread(file, place, NO_MESSAGE)
    kind = item.get("type", "message")
    if kind == "message":
        text = _text(item.get("text", ""))
        has_media = any(item.get(key) for key in MEDIA_KEYS)
        if text is None or ("text" not in item and not has_media):
            return Unread(file, place, NO_MESSAGE)
        text = text or _listed(item)
        return _message(item, text, Kind.MEDIA if has_media and not text else Kind.TEXT, chat, place)
    if kind != "service":
        return Unread(file, place, UNSUPPORTED)
    if item.get("action") in CALLS:
        return _message(item, "", Kind.CALL, chat, place)
    return Passed(file, place, PassedKind.SYSTEM)


def _message(item: Mapping[str, Any], text: str, kind: Kind, chat: _Chat, place: str) -> Message:
    """A message of an item, with what is known of it."""
    sent_at, warnings = _sent_at(item, chat.zone)
    sender, person = _first_name(item, ("from", "actor")), _first_name(item, ("from_id", "actor_id"))
    if sender is not None:
        sender, more = chat.namesakes.apart(None, sender, person)
        warnings = (*warnings, *more)
    if item.get("forwarded_from") or item.get("forwarded_from_id"):
        warnings = (*warnings, FORWARDED)
    return Message(
        text=text,
        id=chat.message_id(item.get("id")),
        thread=chat.thread,
        sender=sender or person,
        sent_at=sent_at,
        kind=kind,
        attachment=_attachment(item),
        edited=bool(item.get("edited") or item.get("edited_unixtime")),
        reply_to=_reply_to(item, chat),
        source=Source(chat.source.name, chat.source.sha256, place, warnings=warnings),
    )


def _text(written: object) -> str | None:
    """A text as it was sent, its parts joined; None for anything but a string or a list of parts."""
    if isinstance(written, str):
        return written
    if not isinstance(written, list):
        return None
    parts = [part.get("text") if isinstance(part, dict) else part for part in written]
    strings = [part for part in parts if isinstance(part, str)]
    return "".join(strings) if len(strings) == len(parts) else None


def _listed(item: Mapping[str, Any]) -> str:
    """What somebody wrote into a poll or a list of things to do, a line each; empty where there is none."""
    lists = [item[key] for key in LISTS if isinstance(item.get(key), dict)]
    written = [one.get(key) for one in lists for key in ("question", "title")]
    entries = [entry for one in lists if isinstance(one.get("answers"), list) for entry in one["answers"]]
    written += [entry.get("text") for entry in entries if isinstance(entry, dict)]
    return "\n".join(line for line in map(_text, written) if line)


def _sent_at(item: Mapping[str, Any], zone: ZoneInfo | None) -> tuple[str | None, tuple[str, ...]]:
    """When an item was sent: in UTC or the declared zone, else the exporter's local time."""
    unix, written = item.get("date_unixtime"), item.get("date")
    if _is_number(unix) or isinstance(unix, str):
        moment = epoch_iso(int(str(unix)), zone) if UNIX_TIME.fullmatch(str(unix)) else None
        if moment is not None:
            return moment, ()
    if isinstance(written, str):
        return written_time(written, DateStyle(declared=zone))
    return None, () if unix is None and written is None else (DATE_NOT_UNDERSTOOD,)


def _attachment(item: Mapping[str, Any]) -> str | None:
    """The file that came with a message: its place in the export, else its name; None where unknown.

    Where the export leaves a file out, a remark such as "(File not included. …)" stands in its place.
    """
    for key in ("file", "photo", "file_name"):
        name = item.get(key)
        if isinstance(name, str) and name and not name.startswith("("):
            return name
    return None


def _first_name(item: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of these values that names someone."""
    return next((item[key] for key in keys if isinstance(item.get(key), str) and item[key]), None)


def _reply_to(item: Mapping[str, Any], chat: _Chat) -> str | None:
    """The id of the message that an item answers, as that message has it."""
    number, peer = item.get("reply_to_message_id"), item.get("reply_to_peer_id")
    if not _is_number(number):
        return None
    if isinstance(peer, str) and peer:
        return f"{peer}/{number}"
    return chat.message_id(number) or str(number)


def _is_number(value: object) -> bool:
    """Whether a value is a whole number, as ids are."""
    return isinstance(value, int) and not isinstance(value, bool)
