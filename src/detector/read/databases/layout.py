"""How an app keeps messages in a table: which columns tell the table, and SQL for each part of a message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum


class Part(StrEnum):
    """What a row may tell of a message.

    `BODY` is a text that is packed, for where `TEXT` is empty; `TYPE` is the app's own number of the kind of
    message; `CHAT_NUMBER` tells chats apart within one database only; `NOTE` is a warning.
    """

    TIME = "time"
    KIND = "kind"
    TYPE = "type"
    TEXT = "text"
    BODY = "body"
    FROM_ME = "from_me"
    SENDER = "sender"
    CHAT = "chat"
    CHAT_ID = "chat_id"
    CHAT_NUMBER = "chat_number"
    ID = "id"
    ATTACHMENT = "attachment"
    REPLY_TO = "reply_to"
    EDITED = "edited"
    NOTE = "note"


class Told(StrEnum):
    """What a row says it is.

    The text of `MEDIA` is a caption, that of `FILE` the app's or another's words about it, as that of a
    `REACTION` is; a `BLANK` row is one that the app keeps for itself.
    """

    TEXT = "text"
    MEDIA = "media"
    FILE = "file"
    REACTION = "reaction"
    DELETED = "deleted"
    CALL = "call"
    SYSTEM = "system"
    BLANK = "blank"


class Epoch(Enum):
    """From when times count, and in what: seconds from 1970 to that day, and parts of a second.

    Apple's times since 2001 are seconds in older databases and nanoseconds in newer ones.
    """

    UNIX_S = (0, 1)
    UNIX_MS = (0, 10**3)
    UNIX_NS = (0, 10**9)
    APPLE = (978_307_200, 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """A table of messages, called `m` in the SQL of its parts.

    The table is known by `columns`. Each part is the first of its expressions that gives a value; those that
    name a table or column which a database lacks are left out. `unpack` gives the text of a `BODY`, None
    where it cannot. `copied_to` are queries for the ids of chats and of rows in them that were moved to
    another table.
    """

    table: str
    columns: tuple[str, ...]
    epoch: Epoch
    parts: Mapping[Part, tuple[str, ...]]
    unpack: Callable[[bytes], str | None] | None = None
    copied_to: tuple[str, ...] = ()


def case(expression: str, kinds: Mapping[Told, tuple[int, ...]]) -> str:
    """SQL for what the numbers of an app mean.

    >>> case("m.type", {Told.CALL: (10, 90)})
    "CASE WHEN m.type IN (10, 90) THEN 'call' END"
    """
    whens = " ".join(
        f"WHEN {expression} IN ({', '.join(map(str, numbers))}) THEN '{told}'"
        for told, numbers in kinds.items()
    )
    return f"CASE {whens} END"


def when(condition: str, value: str) -> str:
    """SQL for a word where a condition holds, else nothing.

    >>> when("m.forwarded > 0", "another's")
    "CASE WHEN m.forwarded > 0 THEN 'another''s' END"
    """
    escaped = value.replace("'", "''")
    return f"CASE WHEN {condition} THEN '{escaped}' END"
