"""A row of a table as a message, with what is to be warned of in it."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from detector.read.cells import label, scalar
from detector.read.columns import HEADING_ZONE, Columns, Field, known_words, normalise_name
from detector.read.mojibake import meant
from detector.read.namesakes import Namesakes
from detector.read.people import TRUE_WORDS, names_of, people_of
from detector.read.timestamps import written_time
from detector.read.whatsapp_notices import fixed_notice, fold, fold_name, is_encryption_notice, is_event
from detector.records import Kind, Message, Passed, PassedKind, Source, Unread

KIND_NOT_UNDERSTOOD = "kind not understood, taken as text"
TEXT_OF_OTHER_COLUMN = "the column of texts is empty here, the text is from another"
MARKED = {
    Kind.DELETED: "was marked as deleted",
    Kind.CALL: "was marked as a call",
    PassedKind.SYSTEM: "was marked as a line of the system",
}
"""Warnings for texts in a row that says it holds none."""

NO_TEXT = (
    "the row has no message text.\n"
    "Expected a string in the column of the texts.\n"
    "If they stand in another column, say so: --map COLUMN=text."
)

DAY_AND_CLOCK = re.compile(r"\W*\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[,\s]+\d{1,2}[:.h]\d{2}")
ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}T")


def read_row(
    columns: Columns, cells: Sequence[object], at: Source, namesakes: Namesakes
) -> Message | Passed | Unread:
    """A row as a message, its text verbatim, or as a line of the system.

    It is unread where it ends before the column of the text.

    Cells may be strings, numbers, dates and times. An empty cell of the text gives an empty text, unless
    another column of texts is filled. UTF-8 that was read as Latin-1 is repaired. `namesakes` are the people
    of the table so far.
    """
    text, text_warnings = _text(columns, cells)
    attachment = label(columns.cell(Field.ATTACHMENT, cells))
    kind, kind_warnings = _kind(columns, cells, text, attachment)
    if isinstance(kind, PassedKind):
        return Passed(at.file, at.locator, kind, at.units)
    if text is None and kind is Kind.TEXT:
        return Unread(at.file, at.locator, NO_TEXT, at.units)
    people = people_of(columns, cells, namesakes)
    sent_at, time_warnings = written_in(columns, cells)
    warnings = (*text_warnings, *people.warnings, *time_warnings, *kind_warnings)
    return Message(
        text=text or "",
        id=label(columns.cell(Field.ID, cells)) or "",
        thread=people.thread,
        sender=people.sender,
        sent_at=sent_at,
        kind=kind,
        attachment=attachment,
        edited=(label(columns.cell(Field.EDITED, cells)) or "").strip().casefold() in TRUE_WORDS,
        reply_to=label(columns.cell(Field.REPLY_TO, cells)),
        direction=people.direction,
        source=Source(at.file, at.sha256, at.locator, at.units, (*at.warnings, *dict.fromkeys(warnings))),
    )


def _text(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """The text of a row, from the first column of texts that is filled, and what to warn of."""
    text = scalar(columns.cell(Field.TEXT, cells))
    if (text and text.strip()) or (other := columns.other_text(cells)) is None:
        return (None, ()) if text is None else meant(text)
    right, warnings = meant(other)
    return right, (TEXT_OF_OTHER_COLUMN, *warnings)


def _kind(
    columns: Columns, cells: Sequence[object], text: str | None, attachment: str | None
) -> tuple[Kind | PassedKind, tuple[str, ...]]:
    """The kind that a row names, else media for an attachment without text.

    Where the text is no notice the message is one of text, so that it is scored, whatever the row names.
    """
    marked, warnings = _marked(columns, cells, text)
    if marked is None or marked is Kind.TEXT:
        return Kind.MEDIA if attachment is not None and not text else Kind.TEXT, warnings
    told = marked if text is None or not text.strip() else _notice(text, marked, names_of(columns, cells))
    if told is None:
        return Kind.TEXT, (MARKED[marked],) if marked in MARKED else ()
    return Kind.MEDIA if told is PassedKind.SYSTEM and attachment is not None else told, ()


def _marked(
    columns: Columns, cells: Sequence[object], text: str | None
) -> tuple[Kind | PassedKind | None, tuple[str, ...]]:
    """What a row is marked as, in one of three languages; a type or box may say something else.

    So it does not excuse a row that ends before the text.
    """
    if written := label(columns.cell(Field.KIND, cells)):
        kind = _kinds().get(normalise_name(written))
        return kind, () if kind else (KIND_NOT_UNDERSTOOD,)
    box = label(columns.cell(Field.BOX, cells))
    return (_kinds().get(normalise_name(box)) if box and text is not None else None), ()


@cache
def _kinds() -> Mapping[str, Kind | PassedKind]:
    """Normalised word → what a row with it is."""
    return {
        normalise_name(word): PassedKind.SYSTEM if kind == PassedKind.SYSTEM else Kind(kind)
        for table in ("neither", "kinds")
        for kind, words in known_words()[table].items()
        for word in words
    }


def _notice(text: str, marked: Kind | PassedKind, names: Sequence[str]) -> Kind | PassedKind | None:
    """What a text tells of in a row that is marked as none; None where it says something of its own.

    Only a word for the mark itself and those notices of WhatsApp are known that have no place for a name or
    caption, and in rows of the system those with names of people that the row holds: all else may be typed.
    """
    if _kinds().get(normalise_name(text)) is marked and not HEADING_ZONE.search(text):
        return marked
    told = fixed_notice(fold(text))
    if told is not None:
        return told
    known = {fold_name(name) for name in names}
    is_system = marked is PassedKind.SYSTEM and (is_encryption_notice(text) or is_event(text, known))
    return PassedKind.SYSTEM if is_system else None


def written_in(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """When the message of a row was sent, from one column or from those of date and time; else came in."""
    for fields in ((Field.SENT_AT,), (Field.DATE, Field.TIME), (Field.RECEIVED_AT,)):
        written = [text for field in fields if (text := label(columns.cell(field, cells)))]
        if len(written) == 2:
            # a spreadsheet may keep a day as its midnight, and a time as one on its day zero
            written = [written[0].removesuffix("T00:00:00"), ISO_DATE.sub("", written[1])]
            # and Cellebrite writes the day once more before the time
            written = written[1:] if DAY_AND_CLOCK.match(written[1]) else written
        if written:
            column = next(columns.fields[field] for field in fields if field in columns.fields)
            return written_time(" ".join(written), column.dates)
    return None, ()
