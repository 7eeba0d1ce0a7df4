"""A row of a table as a message, with what is to be warned of in it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from math import isnan

from detector.read.columns import Columns, Field, known_words, normalise_name
from detector.read.mojibake import meant
from detector.read.source import OWNER
from detector.read.timestamps import written_time
from detector.records import Kind, Message, Source, Unread

KIND_NOT_UNDERSTOOD = "kind not understood, taken as text"
DIRECTION_NOT_UNDERSTOOD = "direction not understood"
TEXT_OF_OTHER_COLUMN = "the column of texts is empty here, the text is from another"
OF_OWNER = "sent: the owner of the phone wrote it, and is called me here"
MARKED = {
    Kind.DELETED: "was marked as deleted",
    Kind.CALL: "was marked as a call",
}
"""Warnings for texts in a row that says it holds none."""

NO_TEXT = (
    "the row has no message text.\n"
    "Expected a string in the column of the texts.\n"
    "If they stand in another column, say so: --map COLUMN=text."
)

SENT, RECEIVED = "sent", "received"
TRUE_WORDS = frozenset({"true", "1", "yes", "نعم", "oui"})
FALSE_WORDS = frozenset({"false", "0", "no", "لا", "non"})
DAY_AND_CLOCK = re.compile(r"\W*\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[,\s]+\d{1,2}[:.h]\d{2}")
ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}T")


def read_row(columns: Columns, cells: Sequence[object], at: Source) -> Message | Unread:
    """A row as a message, its text verbatim; unread where it ends before the column of the text.

    Cells may be strings, numbers, dates and times. An empty cell of the text gives an empty text, unless
    another column of texts is filled. UTF-8 that was read as Latin-1 is repaired.
    """
    text, text_warnings = _text(columns, cells)
    attachment = _label(columns.cell(Field.ATTACHMENT, cells))
    kind, kind_warnings = _kind(columns.cell(Field.KIND, cells), text, attachment)
    if text is None and kind is Kind.TEXT:
        return Unread(at.file, at.locator, NO_TEXT, at.units)
    direction, direction_warnings = _direction(columns, cells)
    contact = _label(columns.cell(Field.CONTACT, cells)) or _label(columns.cell(Field.CONTACT_ID, cells))
    sender, sender_warnings = _sender(columns, cells, contact, direction)
    thread = _label(columns.cell(Field.THREAD, cells))
    if thread is None and direction is not None and contact is not None:
        thread, _ = meant(contact)
    sent_at, time_warnings = _sent_at(columns, cells)
    warnings = (*text_warnings, *sender_warnings, *time_warnings, *kind_warnings, *direction_warnings)
    return Message(
        text=text or "",
        id=_label(columns.cell(Field.ID, cells)) or "",
        thread=thread,
        sender=sender,
        sent_at=sent_at,
        kind=kind,
        attachment=attachment,
        edited=(_label(columns.cell(Field.EDITED, cells)) or "").strip().casefold() in TRUE_WORDS,
        reply_to=_label(columns.cell(Field.REPLY_TO, cells)),
        direction=direction,
        source=Source(at.file, at.sha256, at.locator, at.units, (*at.warnings, *dict.fromkeys(warnings))),
    )


def _text(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """The text of a row, from the first column of texts that is filled, and what to warn of."""
    text = _scalar(columns.cell(Field.TEXT, cells))
    if (text and text.strip()) or (other := columns.other_text(cells)) is None:
        return (None, ()) if text is None else meant(text)
    right, warnings = meant(other)
    return right, (TEXT_OF_OTHER_COLUMN, *warnings)


def _sender(
    columns: Columns, cells: Sequence[object], contact: str | None, direction: str | None
) -> tuple[str | None, tuple[str, ...]]:
    """The sender's name, or number where there is no name, and what to warn of.

    Where only the contact is named, who wrote hangs on the direction.
    """
    name = _label(columns.cell(Field.SENDER, cells)) or _label(columns.cell(Field.SENDER_ID, cells))
    if name is None and contact is not None and direction == SENT:
        return OWNER, (OF_OWNER,)
    name = name or contact
    return (None, ()) if name is None else meant(name)


def _scalar(value: object) -> str | None:
    """A cell as text: strings verbatim, whole numbers without ".0", times in ISO 8601; else None."""
    match value:
        case str():
            return value
        case int():
            return str(value)
        case float():
            return None if isnan(value) else str(value).removesuffix(".0")
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value % timedelta(days=1)).zfill(8)
        case _:
            return None


def _label(value: object) -> str | None:
    """A cell as a name or number; None where it is blank."""
    text = None if value is None else _scalar(value)
    return text if text is not None and text.strip() else None


def _kind(value: object, text: str | None, attachment: str | None) -> tuple[Kind, tuple[str, ...]]:
    """The kind that a cell names, else media for an attachment without text.

    Where there is a text the message is one of text, so that it is scored, whatever the cell names.
    """
    written = _label(value)
    default = Kind.MEDIA if attachment is not None and not text else Kind.TEXT
    if written is None:
        return default, ()
    if written not in set(Kind):
        return default, (KIND_NOT_UNDERSTOOD,)
    kind = Kind(written)
    if text is None or not text.strip():
        return kind, ()
    return Kind.TEXT, (MARKED[kind],) if kind in MARKED else ()


@cache
def _directions() -> Mapping[str, str]:
    """Normalised word → "sent" or "received"."""
    return {normalise_name(word): key for key, words in known_words()["directions"].items() for word in words}


def _direction(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """Whether a row says, in one of three languages, "sent" or "received"."""
    words, written = _directions(), _label(columns.cell(Field.DIRECTION, cells))
    if written is not None:
        direction = words.get(normalise_name(written))
        return direction, () if direction else (DIRECTION_NOT_UNDERSTOOD,)
    if mine := _label(columns.cell(Field.FROM_ME, cells)):
        told = mine.strip().casefold()
        return SENT if told in TRUE_WORDS else RECEIVED if told in FALSE_WORDS else None, ()
    box = _label(columns.cell(Field.BOX, cells))
    return (None if box is None else words.get(normalise_name(box))), ()


def _sent_at(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """When the message of a row was sent, from one column or from those of date and time."""
    for fields in ((Field.SENT_AT,), (Field.DATE, Field.TIME)):
        written = [text for field in fields if (text := _label(columns.cell(field, cells)))]
        if len(written) == 2:
            # a spreadsheet may keep a day as its midnight, and a time as one on its day zero
            written = [written[0].removesuffix("T00:00:00"), ISO_DATE.sub("", written[1])]
            # and Cellebrite writes the day once more before the time
            written = written[1:] if DAY_AND_CLOCK.match(written[1]) else written
        if written:
            column = next(columns.fields[field] for field in fields if field in columns.fields)
            return written_time(" ".join(written), column.dates)
    return None, ()
