"""Direct messages of an archive of X (Twitter): `direct-messages.js`, `direct-messages-group.js`.

A file is JSON behind the beginning of a script, `window.YTD.direct_messages.part0 = `; places are those in
the JSON. It names people by the numbers of their accounts and does not say which is the archive's own.
Messages stand the newest first and are escaped as in HTML; a reaction, or who joined or left, is a system
line.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from detector.read.apps.threads import Made, Place, Program, pointer, read_lists, unescaped
from detector.read.source import InputFile, ReadOptions
from detector.records import Kind, Message, PassedKind, Record

START = re.compile(rb"(?:\xef\xbb\xbf)?\s*window\.YTD\.direct_messages?(?:_group)?\.part\d+\s*=\s*")
MESSAGES = ("messageCreate", "welcomeMessageCreate")
EVENTS = frozenset(
    {"joinConversation", "participantsJoin", "participantsLeave", "conversationNameUpdate", "reactionCreate"}
)


def is_messages(head: bytes) -> bool:
    """Whether a file that begins so holds direct messages, not another part of an archive."""
    return START.match(head) is not None


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a file, those of each conversation the oldest first."""
    return read_lists(source, options, PROGRAM)


def _make(item: Mapping[str, Any], place: Place) -> Made:
    """One item, an object under the one key that says what it is."""
    if not item.keys().isdisjoint(EVENTS):
        return PassedKind.SYSTEM
    sent = next((item[key] for key in MESSAGES if key in item), None)
    if not isinstance(sent, dict) or not isinstance(sent.get("text", ""), str):
        return None
    text = unescaped(sent.get("text", ""))
    media = sent.get("mediaUrls")
    sent_at, warnings = place.sent_at(sent.get("createdAt"))
    return Message(
        text=text,
        id=_string(sent, "id") or "",
        thread=place.names.get((*place.path[:-1], "conversationId"))
        or place.file.name + pointer(place.path[:1]),
        sender=_string(sent, "senderId"),
        sent_at=sent_at,
        kind=Kind.TEXT if text else Kind.MEDIA,
        attachment=next((url for url in media if isinstance(url, str)), None)
        if isinstance(media, list)
        else None,
        edited=bool(sent.get("editHistory")),
        source=place.source(*warnings),
    )


def _string(item: Mapping[str, Any], key: str) -> str | None:
    """A value that is a string and not empty."""
    value = item.get(key)
    return value if isinstance(value, str) and value else None


def _start(head: bytes) -> int:
    """The byte at which the JSON begins."""
    found = START.match(head)
    return found.end() if found else 0


PROGRAM = Program(
    expected="data/direct-messages.js of an archive of X, with conversations and their messages",
    lists=(("*", "dmConversation", "messages"),),
    names=(("*", "dmConversation", "conversationId"),),
    make=_make,
    start=_start,
)
