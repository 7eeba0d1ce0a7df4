"""Direct messages of TikTok: `user_data.json`, `user_data_tiktok.json`.

A chat is a list under "Chat History with NAME:". What was received is NAME's, what was sent is of the name
that the file gives its account; it may stand behind the messages, so it is looked for before they are read.
Times are UTC. A shared video is its address, and a message without content is one of media.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from detector.read.apps.threads import Made, Place, Program, read_lists
from detector.read.source import InputFile, ReadOptions
from detector.records import Kind, Message, Record

ROOTS = ("Direct Message", "Direct Messages")
"""Keys of the whole document; the newer one comes first."""
CHATS = (("Direct Messages", "ChatHistory"), ("Chat History", "ChatHistory"), ("Group Chat", "GroupChat"))
PROFILES = tuple(
    ("Profile", info, "ProfileMap", "userName") for info in ("Profile Info", "Profile Information")
)
HEADING = re.compile(r"(?:Group )?Chat History with (?P<name>.+?):?", re.DOTALL)


def read(source: InputFile, options: ReadOptions) -> Iterator[Record]:
    """The messages of a file, those of each chat the oldest first."""
    return read_lists(source, options, PROGRAM)


def _make(item: Mapping[str, Any], place: Place) -> Made:
    """One item of a chat."""
    text, sender = item.get("Content"), item.get("From")
    if not isinstance(text, str | None) or not isinstance(sender, str):
        return None
    heading = HEADING.fullmatch(place.path[-1])
    thread = heading["name"] if heading else place.path[-1]
    sent_at, warnings = place.sent_at(item.get("Date"))
    return Message(
        text=text or "",
        thread=thread,
        sender=sender or None,
        sent_at=sent_at,
        kind=Kind.TEXT if text else Kind.MEDIA,
        direction=_direction(sender, thread, place),
        source=place.source(*warnings),
    )


def _direction(sender: str, other: str, place: Place) -> str | None:
    """Whether the account sent a message or received it; None where its name is neither one's."""
    owners = {place.names[path] for path in PROFILES if path in place.names}
    if sender in owners:
        return "sent"
    return "received" if sender == other else None


PROGRAM = Program(
    expected='user_data_tiktok.json of TikTok, with "Direct Messages" and the "ChatHistory" in it',
    lists=tuple((root, *chats, "*") for root, chats in product(ROOTS, CHATS)),
    names=PROFILES,
    make=_make,
    names_first=True,
)
