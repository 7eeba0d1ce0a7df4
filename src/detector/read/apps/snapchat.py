"""Snapchat's `chat_history.json` (and `snap_history.json`), in the shape of today and in that until 2022.

Today's has a list for each chat, under the other's name or the group's id, the newest message first, and says
which messages are the account's. The old one has lists for all chats, of what was received and
sent, saved or not, with letters escaped as in HTML. Snapchat keeps only the text of saved messages. Lines
about deleted messages and about calls are messages without text; all others (who left, who took a
screenshot) are system lines.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from detector.read.apps.threads import Made, Place, Program, read_lists, titled, unescaped
from detector.read.source import OWNER, InputFile, ReadOptions
from detector.records import Kind, Message, PassedKind, Record

OLD_LIST = re.compile(r"(Received|Sent) (?:\w+ )?Chat History")
"""The names of lists in the old shape: no user's name has a space or a capital letter."""

HISTORY = re.compile(
    r'"(?:Received|Sent) (?:\w+ )?Chat History"\s*:\s*\['
    r'|:\s*\[\s*\{\s*"From"\s*:\s*"[^"\\]*"\s*,\s*"Media Type"\s*:'
)
NOT_SAVED = "Snapchat did not keep the text: the message was not saved"
STATUS = "STATUS"
STATUS_KINDS = {"STATUSERASED": Kind.DELETED, "STATUSCALL": Kind.CALL}
"""Beginnings of the types of status lines that stand for a message."""


def is_history(start: str) -> bool:
    """Whether JSON that begins so has chats of Snapchat's."""
    return HISTORY.search(start) is not None


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a file, those of each chat the oldest first."""
    return read_lists(source, options, PROGRAM)


def _make(item: Mapping[str, Any], place: Place) -> Made:
    """One item: a message, or a line about the chat."""
    media_type, written = item.get("Media Type"), item.get("Content", item.get("Text"))
    if not isinstance(media_type, str) or not isinstance(written, str | None):
        return None
    old = OLD_LIST.fullmatch(place.path[0])
    text = unescaped(written or "") if old else written or ""
    kind = _kind(media_type, text)
    if kind is None:
        return PassedKind.SYSTEM
    sent_at, warnings = place.sent_at(item.get("Created"))
    if kind is Kind.DELETED and media_type == "TEXT":
        warnings = (*warnings, NOT_SAVED)
    is_sender = old[1] == "Sent" if old else item.get("IsSender")
    sender = OWNER if old and is_sender else item.get("From")
    return Message(
        text=text,
        thread=_thread(item, place, old),
        sender=sender if isinstance(sender, str) and sender else None,
        sent_at=sent_at,
        kind=kind,
        attachment=_attachment(item),
        direction={True: "sent", False: "received"}.get(is_sender) if isinstance(is_sender, bool) else None,
        source=place.source(*warnings),
    )


def _kind(media_type: str, text: str) -> Kind | None:
    """What a message consists of; None for what is none."""
    if media_type.startswith(STATUS):
        return next((kind for start, kind in STATUS_KINDS.items() if media_type.startswith(start)), None)
    if text:
        return Kind.TEXT
    return Kind.DELETED if media_type == "TEXT" else Kind.MEDIA


def _thread(item: Mapping[str, Any], place: Place, old: re.Match[str] | None) -> str:
    """The chat of an item: its title and key; in the old shape, who the other is."""
    if old is None:
        return titled(item.get("Conversation Title"), place.path[0])
    return titled(item.get("To" if old[1] == "Sent" else "From"), None) or place.file.name


def _attachment(item: Mapping[str, Any]) -> str | None:
    """The first id of what came with a message: a part of the name that its file in `chat_media` has."""
    ids = item.get("Media IDs")
    return (ids.partition("|")[0].strip() or None) if isinstance(ids, str) else None


PROGRAM = Program(
    expected="chat_history.json of Snapchat, with a list of messages for each chat",
    lists=(("*",),),
    merged=lambda path: OLD_LIST.fullmatch(path[0]) is not None,
    make=_make,
)
