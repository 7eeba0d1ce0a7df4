"""Which column of a table holds which field of a message.

Names of columns are compared without case, spacing, underscores, accents, Arabic diacritics and alef
variants, with the synonyms in `columns.toml`. What `--map COLUMN=FIELD` declares wins over them.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from detector.errors import InputError
from detector.read.dates import declared_zone
from detector.read.mojibake import meant
from detector.read.source import DateOrder, ReadOptions
from detector.read.timestamps import DateStyle, fixed_zone

HEADER_ROWS = 20
"""How many rows from the top may be the header (reports put the case, the device and a title before it)."""
USUAL_HEADER_ROWS = 5
FIELDS_OF_A_LATE_HEADER = 3
"""Further down, so many fields must be named: a message that is but the word "text" names one."""

NO_HEADER = (
    f"no column of message texts was recognised in the first {HEADER_ROWS} rows.\n"
    'Expected a header with a column such as "text", "message" or "الرسالة".\n'
    "Say which column holds the text: --map COLUMN=text."
)
NUMBER_SIGN = "#"
"""Ends the heading "Chat #" of reports (Cellebrite's) that name a chat in its first row only."""

ANDROID_SMS = frozenset({"address", "type", "body"})
"""Columns by which Android's table of SMS is known. Source: Android, `Telephony.TextBasedSmsColumns`."""
EPOCH_WORDS = frozenset({"timestamp", "epoch", "unix", "unixtime", "ts"})

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
NO_WORD = re.compile(r"[\W_]+")
HEADING_ZONE = re.compile(
    r"[\s_]*-?[\s_]*\(?(?<![A-Za-z])(?:UTC|GMT)(?P<offset>[+-](?:1[0-4]|0?\d)(?::?[0-5]\d)?)?\)?"
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

    `DATE` and `TIME` together make up the time of sending, for which `RECEIVED_AT` stands in. An id or number
    stands in where the name beside it is empty. `CONTACT` is whom the owner of a phone wrote with, whichever
    of the two wrote. `BOX` may say the direction, the kind or something else, `FROM_ME` is whether the owner
    wrote.
    """

    ID = "id"
    TEXT = "text"
    THREAD = "thread"
    SENDER = "sender"
    SENDER_ID = "sender_id"
    RECIPIENT = "recipient"
    RECIPIENT_ID = "recipient_id"
    CONTACT = "contact"
    CONTACT_ID = "contact_id"
    SENT_AT = "sent_at"
    DATE = "date"
    TIME = "time"
    RECEIVED_AT = "received_at"
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
    texts was declared. `chats_run_on` is whether a chat is named in its first row for those below, `android`
    whether the table is that of Android's SMS, whose types are numbers.
    """

    fields: Mapping[Field, Column]
    other_texts: tuple[int, ...] = ()
    chats_run_on: bool = False
    android: bool = False

    def meanings(self, names: Sequence[object]) -> dict[str, str | None]:
        """Each of these names with the field that its column is read as; None where it is not read."""
        read = dict.fromkeys(self.other_texts, Field.TEXT.value)
        read |= {column.place: field.value for field, column in self.fields.items()}
        named = [(str(name), read.get(place)) for place, name in enumerate(names) if not is_blank((name,))]
        return dict(sorted(named, key=lambda one: one[1] is not None))  # of two of one name, the one read

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
def _names() -> Mapping[str, tuple[Field, int]]:
    """Normalised name → field and rank among its synonyms (0 is best)."""
    return {
        normalise_name(name): (Field(field), rank)
        for field, synonyms in known_words()["fields"].items()
        for rank, name in enumerate(synonyms)
    }


@cache
def known_words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """What `columns.toml` holds: the names of `fields`, and the words of `directions` and kinds."""
    return tomllib.loads(resources.files("detector.read").joinpath("columns.toml").read_text("utf-8"))


def normalise_name(name: str) -> str:
    """A column's name as it is compared: words in lower case, without marks, one space between them.

    >>> normalise_name("Sender_Name"), normalise_name("sentAt"), normalise_name("Timestamp (UTC+3)")
    ('sender name', 'sent at', 'timestamp')
    """
    right, _ = meant(name)
    spread = unicodedata.normalize("NFKD", CAMEL.sub(" ", HEADING_ZONE.sub("", right))).casefold()
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
    android = {normalise_name(name) for name in names if isinstance(name, str)} >= ANDROID_SMS
    return Columns(fields, others, runs_on, android)


def _field_of(name: object, declared: Mapping[str, Field]) -> tuple[Field | None, int]:
    """The field that a column's name stands for, and its rank among such names (the least is best)."""
    key = normalise_name(name) if isinstance(name, str) else ""
    return (declared[key], -1) if key in declared else _names().get(key, (None, 0))


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
