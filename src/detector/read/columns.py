"""Which column of a table holds which field of a message, and a row as a message.

Names of columns are compared without case, spacing, underscores, accents, Arabic diacritics and alef
variants, with the synonyms in `columns.toml`. What `--map COLUMN=FIELD` declares wins over them.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from math import isnan

from detector.errors import InputError
from detector.read.dates import declared_zone
from detector.read.mojibake import DAMAGED, REPAIRED, damaged, repaired
from detector.read.source import OWNER, DateOrder, ReadOptions
from detector.read.timestamps import DateStyle, fixed_zone, written_time
from detector.records import Kind, Message, Source, Unread

HEADER_ROWS = 20
"""How many rows from the top may be the header (reports put the case, the device and a title before it)."""
USUAL_HEADER_ROWS = 5
FIELDS_OF_A_LATE_HEADER = 3
"""Further down, so many fields must be named: a message that is but the word "text" names one."""

KIND_NOT_UNDERSTOOD = "kind not understood, taken as text"
DIRECTION_NOT_UNDERSTOOD = "direction not understood"
TEXT_OF_OTHER_COLUMN = "the column of texts is empty here, the text is from another"
OF_OWNER = "sent: the owner of the phone wrote it, and is called me here"
MARKED = {
    Kind.DELETED: "was marked as deleted",
    Kind.CALL: "was marked as a call",
}
"""Warnings for texts in a row that says it holds none."""

NO_HEADER = (
    f"no column of message texts was recognised in the first {HEADER_ROWS} rows.\n"
    'Expected a header with a column such as "text", "message" or "الرسالة".\n'
    "Say which column holds the text: --map COLUMN=text."
)
NO_TEXT = (
    "the row has no message text.\n"
    "Expected a string in the column of the texts.\n"
    "If they stand in another column, say so: --map COLUMN=text."
)

SENT, RECEIVED = "sent", "received"
NUMBER_SIGN = "#"
"""Ends the heading "Chat #" of reports (Cellebrite's) that name a chat in its first row only."""

TRUE_WORDS = frozenset({"true", "1", "yes", "نعم", "oui"})
FALSE_WORDS = frozenset({"false", "0", "no", "لا", "non"})
EPOCH_WORDS = frozenset({"timestamp", "epoch", "unix", "unixtime", "ts"})

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
ARABIC = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")
DAY_AND_CLOCK = re.compile(r"\W*\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[,\s]+\d{1,2}[:.h]\d{2}")
ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}T")
NO_WORD = re.compile(r"[\W_]+")
HEADING_ZONE = re.compile(
    r"[\s_]*-?[\s_]*\(?(?<![A-Za-z])UTC(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?\)?"
    r"\s*(?:\((?P<pattern>[A-Za-z/.:\s-]+)\))?\s*$",
    re.IGNORECASE,
)


class MissingColumnError(InputError):
    """A table lacks a column that was declared; `reason` says so without naming the table."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.reason = reason


class Field(StrEnum):
    """What a column may hold; the values are those of `--map COLUMN=FIELD`.

    `DATE` and `TIME` together make up the time of sending, `SENDER_ID` stands in where `SENDER` is empty.
    `CONTACT` and `CONTACT_ID` are whom the owner of a phone wrote with, whichever of the two wrote. `BOX` may
    say the direction or something else, `FROM_ME` is whether the owner wrote.
    """

    ID = "id"
    TEXT = "text"
    THREAD = "thread"
    SENDER = "sender"
    SENDER_ID = "sender_id"
    CONTACT = "contact"
    CONTACT_ID = "contact_id"
    SENT_AT = "sent_at"
    DATE = "date"
    TIME = "time"
    KIND = "kind"
    DIRECTION = "direction"
    BOX = "box"
    FROM_ME = "from_me"
    ATTACHMENT = "attachment"
    REPLY_TO = "reply_to"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Column:
    """A column whose meaning is known: its number from the left (0 is the first), its dates."""

    place: int
    dates: DateStyle


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold which fields.

    `other_texts` are further columns with a name of texts, the likeliest first; none where the column of
    texts was declared. `chats_run_on` is whether a chat is named in its first row for those below.
    """

    fields: Mapping[Field, Column]
    other_texts: tuple[int, ...] = ()
    chats_run_on: bool = False

    def cell(self, field: Field, cells: Sequence[object]) -> object:
        """What the row has in the column of a field; None where there is neither."""
        column = self.fields.get(field)
        return cells[column.place] if column is not None and column.place < len(cells) else None

    def other_text(self, cells: Sequence[object]) -> str | None:
        """The text in the likeliest of the other columns of texts that the row fills."""
        filled = (cells[place] for place in self.other_texts if place < len(cells))
        return next((cell for cell in filled if isinstance(cell, str) and cell.strip()), None)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: the number of its row from the top (0 is the first) and its columns."""

    row: int
    width: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be split into cells, and why, without its text."""

    reason: str


Row = Sequence[object] | BadRow


@cache
def _words() -> tuple[Mapping[str, tuple[Field, int]], Mapping[str, str]]:
    """Normalised name → field and rank among its synonyms (0 is best); normalised word → direction."""
    data = tomllib.loads(resources.files("detector.read").joinpath("columns.toml").read_text("utf-8"))
    names = {
        normalise_name(name): (Field(field), rank)
        for field, synonyms in data["fields"].items()
        for rank, name in enumerate(synonyms)
    }
    directions = {normalise_name(word): key for key, words in data["directions"].items() for word in words}
    return names, directions


def normalise_name(name: str) -> str:
    """A column's name as it is compared: words in lower case, without marks, one space between them.

    >>> normalise_name("Sender_Name"), normalise_name("sentAt"), normalise_name("Timestamp (UTC+3)")
    ('sender name', 'sent at', 'timestamp')
    """
    meant, _ = _meant(name)
    spread = unicodedata.normalize("NFKD", CAMEL.sub(" ", HEADING_ZONE.sub("", meant))).casefold()
    kept = "".join(char for char in spread if unicodedata.category(char) not in {"Mn", "Cf"})
    letters = kept.translate({ord("ى"): "ي", ord("ة"): "ه", ord("ٱ"): "ا", ord("ـ"): None})
    return NO_WORD.sub(" ", letters).strip()


def declared_fields(columns: Mapping[str, str]) -> dict[str, Field]:
    """What `--map` declared: normalised name of the column → field.

    Raises:
        InputError: a field does not exist.
    """
    fields = {}
    for name, field in columns.items():
        if field not in set(Field):
            raise InputError(
                f"--map {name}={field}: {field!r} is no field of a message.\n"
                f"Expected one of {', '.join(Field)}.\n"
                f"For the column of the message text write --map {name}=text."
            )
        fields[normalise_name(name)] = Field(field)
    return fields


def match_columns(names: Sequence[object], options: ReadOptions) -> Columns:
    """The fields that the names of a row's columns stand for; none where no name is known."""
    declared = declared_fields(options.columns)
    best: dict[Field, tuple[int, int]] = {}
    texts: list[tuple[int, int]] = []
    for place, name in enumerate(names):
        field, rank = _field_of(name, declared)
        if field is None:
            continue
        best[field] = min(best.get(field, (rank, place)), (rank, place))
        if field is Field.TEXT:
            texts.append((rank, place))
    if Field.DATE in declared.values() and Field.SENT_AT not in declared.values():
        best.pop(Field.SENT_AT, None)
    zone = declared_zone(options.tz) if options.tz else None
    style = DateStyle(declared=zone, order=options.date_order)
    others = () if Field.TEXT in declared.values() else tuple(place for _, place in sorted(texts)[1:])
    runs_on = Field.THREAD in best and str(names[best[Field.THREAD][1]]).rstrip().endswith(NUMBER_SIGN)
    fields = {field: _column(place, str(names[place]), style) for field, (_, place) in best.items()}
    return Columns(fields, others, runs_on)


def _field_of(name: object, declared: Mapping[str, Field]) -> tuple[Field | None, int]:
    """The field that a column's name stands for, and its rank among such names (the least is best)."""
    key = normalise_name(name) if isinstance(name, str) else ""
    return (declared[key], -1) if key in declared else _words()[0].get(key, (None, 0))


def _column(place: int, name: str, style: DateStyle) -> Column:
    """A column with the zone and date order that a heading such as AXIOM's carries.

    "Message Sent Date/Time - UTC+00:00 (dd/MM/yyyy)" states both.
    """
    epoch = not EPOCH_WORDS.isdisjoint(normalise_name(name).split())
    heading = HEADING_ZONE.search(name)
    if heading is None:
        return Column(place, DateStyle(None, style.declared, style.order, epoch))
    letters = "".join(dict.fromkeys(char.upper() for char in heading["pattern"] or "" if char in "dMy"))
    order = DateOrder(letters) if letters in set(DateOrder) else style.order
    return Column(place, DateStyle(fixed_zone(heading["offset"] or ""), style.declared, order, epoch))


def find_header(rows: Sequence[Sequence[object]], options: ReadOptions) -> Header | None:
    """The row that names most fields, the text among them; the first such row of several.

    Where columns were declared, the header is a row that has them all. Further down than headers usually
    stand, a row heads a second table if there is a header above it: the messages between are no titles.
    """
    declared = set(declared_fields(options.columns))
    best: Header | None = None
    for number, names in enumerate(rows[:HEADER_ROWS]):
        if not declared <= {normalise_name(name) for name in names if isinstance(name, str)}:
            continue
        columns = match_columns(names, options)
        if Field.TEXT not in columns.fields:
            continue
        if number >= USUAL_HEADER_ROWS and not declared and len(columns.fields) < FIELDS_OF_A_LATE_HEADER:
            continue
        if best is not None and number >= USUAL_HEADER_ROWS and not _is_title(rows[best.row]):
            break
        if not declared and len(columns.fields) == 1 and not all(map(_is_title, rows[:number])):
            continue  # a message that is but the word "text", below others
        if best is None or len(columns.fields) > len(best.columns.fields):
            best = Header(number, len(names), columns)
    return best


def _is_title(names: Sequence[object]) -> bool:
    """Whether a row may be the title of a report, such as "SMS", since no more than one cell is filled."""
    return sum(not is_blank((name,)) for name in names) <= 1


def check_declared(rows: Sequence[Sequence[object]], options: ReadOptions, file: str) -> None:
    """Nothing, if every column that `--map` names stands in one of these first rows.

    Raises:
        MissingColumnError: a column does not exist.
        InputError: a field does not exist.
    """
    declared_fields(options.columns)
    seen = {normalise_name(name) for row in rows for name in row if isinstance(name, str)}
    for name, field in options.columns.items():
        if normalise_name(name) not in seen:
            raise MissingColumnError(
                file,
                f"there is no column {name!r}, which --map {name}={field} names.\n"
                f"Expected it in a header within the first {HEADER_ROWS} rows.\n"
                "Copy the column's name from the file; case, spaces and underscores do not matter.",
            )


def is_blank(cells: Sequence[object]) -> bool:
    """Whether no cell of a row holds anything but spaces."""
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


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
        thread, _ = _meant(contact)
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
        return (None, ()) if text is None else _meant(text)
    meant, warnings = _meant(other)
    return meant, (TEXT_OF_OTHER_COLUMN, *warnings)


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
    return (None, ()) if name is None else _meant(name)


def _meant(text: str) -> tuple[str, tuple[str, ...]]:
    """A text, repaired where it was Arabic in UTF-8 read as Latin-1 or Windows-1252, and what to warn of."""
    meant = repaired(text)
    if meant is None:
        return text, (DAMAGED,) if damaged(text) else ()
    return (meant, (REPAIRED,)) if ARABIC.search(meant) else (text, ())


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


def _direction(columns: Columns, cells: Sequence[object]) -> tuple[str | None, tuple[str, ...]]:
    """Whether a row says, in one of three languages, "sent" or "received"."""
    words, written = _words()[1], _label(columns.cell(Field.DIRECTION, cells))
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
