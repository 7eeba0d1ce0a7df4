"""Discord: a channel in JSON of DiscordChatExporter, and `messages.json` of Discord's own data package.

DiscordChatExporter writes all messages of a channel, the oldest first. The data package holds those that the
account sent, a folder a channel, the newest first; the names of channels stand in other files of it. Of types
of messages, those that people send and calls are read; all others (who joined, what was pinned) are system
lines. Which account exported a channel is not said.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from detector.read.apps.threads import Made, Place, Program, read_lists, titled
from detector.read.source import OWNER, InputFile, ReadOptions
from detector.records import FORWARDED, Kind, Message, PassedKind, Record

HEAD_BYTES = 1 << 10
PACKAGE_START = re.compile(r'\[\s*\{\s*"ID"\s*:\s*"?\d+"?\s*,\s*"Timestamp"\s*:')
WRITTEN = frozenset({"Default", "Reply", "ChatInputCommand", "20"})
CALL = "Call"
GUILD, CHANNEL, CHANNEL_ID = ("guild", "name"), ("channel", "name"), ("channel", "id")
NO_DISCRIMINATOR = ("", "0", "0000")
"""What accounts with a name of their own have in place of four digits that told equal names apart."""


def is_package(start: str) -> bool:
    """Whether JSON that begins so is of the data package."""
    return PACKAGE_START.match(start) is not None


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a channel, the oldest first."""
    with source.open() as stream:
        head = stream.read(HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    return read_lists(source, options, PACKAGE if head.startswith(b"[") else EXPORT)


def _make(item: Mapping[str, Any], place: Place) -> Made:
    """One item of a channel."""
    kind_written, content = item.get("type"), item.get("content")
    if not isinstance(kind_written, str) or not isinstance(content, str):
        return None
    if kind_written != CALL and kind_written not in WRITTEN:
        return PassedKind.SYSTEM
    sent_at, warnings = place.sent_at(item.get("timestamp"))
    forwarded = _object(item, "forwardedMessage")
    text = content or _string(forwarded, "content") or ""
    if text and not content:
        warnings = (*warnings, FORWARDED)
    return Message(
        text=text,
        id=_string(item, "id") or "",
        thread=_channel(place),
        sender=_author(_object(item, "author")),
        sent_at=sent_at,
        kind=Kind.CALL if kind_written == CALL else Kind.TEXT if text else Kind.MEDIA,
        attachment=_attachment(item) or _attachment(forwarded),
        edited=bool(item.get("timestampEdited")),
        reply_to=_string(_object(item, "reference"), "messageId") if kind_written == "Reply" else None,
        source=place.source(*warnings),
    )


def _make_own(item: Mapping[str, Any], place: Place) -> Made:
    """One item of a channel in the data package: a message of the account's."""
    number, text, files = item.get("ID"), item.get("Contents"), item.get("Attachments")
    if not isinstance(number, int | str) or not isinstance(text, str):
        return None
    sent_at, warnings = place.sent_at(item.get("Timestamp"))
    return Message(
        text=text,
        id=str(number),
        thread=PurePosixPath(place.file.name.replace("\\", "/")).parent.name or place.file.name,
        sender=OWNER,
        sent_at=sent_at,
        kind=Kind.TEXT if text else Kind.MEDIA,
        attachment=files.split()[0] if isinstance(files, str) and files.strip() else None,
        direction="sent",
        source=place.source(*warnings),
    )


def _channel(place: Place) -> str:
    """What tells a channel from all others: its server and name, and its id."""
    names = [place.names[path] for path in (GUILD, CHANNEL) if place.names.get(path)]
    return titled(" / ".join(names), place.names.get(CHANNEL_ID)) or place.file.name


def _author(author: Mapping[str, Any]) -> str | None:
    """An account's name, which no other has; its digits belong to it."""
    name, digits = _string(author, "name"), _string(author, "discriminator") or ""
    if name and digits not in NO_DISCRIMINATOR:
        return f"{name}#{digits}"
    return name or _string(author, "nickname") or _string(author, "id")


def _attachment(item: Mapping[str, Any]) -> str | None:
    """The first file that came with a message: its place in the export or on the network, else its name."""
    files = item.get("attachments")
    first = files[0] if isinstance(files, list) and files else None
    return (_string(first, "url") or _string(first, "fileName")) if isinstance(first, dict) else None


def _object(item: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A value that is an object; an empty one for all others."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def _string(item: Mapping[str, Any], key: str) -> str | None:
    """A value that is a string and not empty."""
    value = item.get(key)
    return value if isinstance(value, str) and value else None


EXPORT = Program(
    expected='JSON of DiscordChatExporter, with "guild", "channel" and an array "messages"',
    lists=(("messages",),),
    names=(GUILD, CHANNEL, CHANNEL_ID),
    make=_make,
    in_order=True,
)
PACKAGE = Program(
    expected="messages.json of Discord's data package, a list of messages",
    lists=((),),
    make=_make_own,
)
