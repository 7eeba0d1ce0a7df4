"""Who wrote a row of a table, to whom, and whether the owner of the phone did."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from detector.read.cells import label, name_in
from detector.read.columns import Columns, Field, known_words, normalise_name
from detector.read.mojibake import meant
from detector.read.namesakes import Namesakes
from detector.read.source import OWNER

SENT, RECEIVED = "sent", "received"
DIRECTION_NOT_UNDERSTOOD = "direction not understood"
WRITER_UNKNOWN = "whether the contact or the owner of the phone wrote is not said: no sender is named"
OF_OWNER = "sent: the owner of the phone wrote it, and is called me here"

TRUE_WORDS = frozenset({"true", "1", "yes", "نعم", "oui"})
FALSE_WORDS = frozenset({"false", "0", "no", "لا", "non"})
ANDROID_BOXES = {"1": RECEIVED, "2": SENT, "3": SENT, "4": SENT, "5": SENT, "6": SENT}
"""Inbox, sent, draft, outbox, failed, queued. Source: Android, `Telephony.TextBasedSmsColumns`."""

_NAMED = (Field.SENDER, Field.SENDER_ID, Field.CONTACT, Field.CONTACT_ID)
_WAY_BEFORE = re.compile(r"(from|to|من|إلى|الى|de|à)\s*:\s*", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"[;\n؛]")


@dataclass(frozen=True, slots=True)
class People:
    """Who wrote a row, in which chat, and whether the owner of the phone did."""

    sender: str | None
    thread: str | None
    direction: str | None
    warnings: tuple[str, ...]


def people_of(columns: Columns, cells: Sequence[object], namesakes: Namesakes) -> People:
    """Who wrote a row and in which chat.

    A sender that is named is believed. Else the owner of the phone wrote what was sent, and the contact what
    was received, or what says neither. Where the direction is not understood nobody is named: it would be
    the victim's words in a blackmailer's mouth, or the other way round.
    """
    direction, warnings = _direction(columns, cells)
    contact, told = _contact(columns, cells)
    direction = direction or told
    doubtful = direction is None and _has_way(columns, cells)
    name, person = name_in(columns.cell(Field.SENDER, cells)), name_in(columns.cell(Field.SENDER_ID, cells))
    thread = name_in(columns.cell(Field.THREAD, cells))
    recipients = _recipients(columns, cells, direction)
    sender = name or person
    if sender is None and direction == SENT:
        sender, warnings = OWNER, (*warnings, OF_OWNER)
    elif sender is None and not doubtful:
        sender = contact
    elif sender is None and contact is not None:
        warnings = (*dict.fromkeys((*warnings, DIRECTION_NOT_UNDERSTOOD)), WRITER_UNKNOWN)
    if thread is None and contact is not None and (direction is not None or doubtful):
        thread = contact
    elif thread is None and sender is not None and recipients:
        people = sorted({sender, *recipients} - {OWNER})
        thread = ", ".join(people) or None
    if name is not None:
        sender, more = namesakes.apart(thread, name, person)
        warnings = (*warnings, *more)
    return People(sender, thread, direction, (*_mended(columns, cells), *warnings))


def names_of(columns: Columns, cells: Sequence[object]) -> list[str]:
    """All names and numbers of people that a row holds."""
    fields = (*_NAMED, Field.RECIPIENT, Field.RECIPIENT_ID)
    return [name for field in fields if (name := name_in(columns.cell(field, cells)))]


def _mended(columns: Columns, cells: Sequence[object]) -> tuple[str, ...]:
    """What to warn of in the names of a row: UTF-8 that was read as Latin-1."""
    written = (label(columns.cell(field, cells)) for field in _NAMED)
    return tuple(warning for name in written if name for warning in meant(name)[1])


def _contact(columns: Columns, cells: Sequence[object]) -> tuple[str | None, str | None]:
    """Whom the owner wrote with, and the direction where it stands before the name, as in "To: Ali"."""
    contact = name_in(columns.cell(Field.CONTACT, cells)) or name_in(columns.cell(Field.CONTACT_ID, cells))
    if contact is None or (said := _WAY_BEFORE.match(contact)) is None:
        return contact, None
    return name_in(contact[said.end() :]), _directions().get(normalise_name(said[1]))


def _recipients(columns: Columns, cells: Sequence[object], direction: str | None) -> list[str]:
    """Whom a message was for; the owner of the phone where it came in and nobody is named."""
    fields = (Field.RECIPIENT, Field.RECIPIENT_ID)
    written = next((name for field in fields if (name := name_in(columns.cell(field, cells)))), None)
    if written is None:
        has_column = any(field in columns.fields for field in fields)
        return [OWNER] if has_column and direction == RECEIVED else []
    return [name for part in _BETWEEN_NAMES.split(written) if (name := name_in(part))]


def _has_way(columns: Columns, cells: Sequence[object]) -> bool:
    """Whether a column is there to say who wrote, or a box holds a word that may say it."""
    told = Field.DIRECTION in columns.fields or Field.FROM_ME in columns.fields
    return told or _of_box(columns, cells) is None


@cache
def _directions() -> Mapping[str, str]:
    """Normalised word → "sent", "received" or "neither".

    Other words for kinds are none of these: "Deleted" or "Attachment" may be a folder, of what either wrote.
    """
    neither = chain.from_iterable(known_words()["neither"].values())
    ways = {**known_words()["directions"], "neither": neither}
    return {normalise_name(word): way for way, words in ways.items() for word in words}


def _direction(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """Whether a row says, in one of three languages, "sent" or "received"."""
    written = label(columns.cell(Field.DIRECTION, cells))
    if written is not None:
        direction = _directions().get(normalise_name(written))
        return (direction, ()) if direction in (SENT, RECEIVED) else (None, (DIRECTION_NOT_UNDERSTOOD,))
    if mine := label(columns.cell(Field.FROM_ME, cells)):
        told = mine.strip().casefold()
        return SENT if told in TRUE_WORDS else RECEIVED if told in FALSE_WORDS else None, ()
    direction = _of_box(columns, cells)
    return (direction if direction in (SENT, RECEIVED) else None), ()


def _of_box(columns: Columns, cells: Sequence[object]) -> str | None:
    """What a box or type says: "sent", "received", or "neither" where it is no box; None for other words."""
    box = label(columns.cell(Field.BOX, cells))
    if box is None:
        return "neither"
    return ANDROID_BOXES.get(box) if columns.android else _directions().get(normalise_name(box))
