"""Written times as ISO 8601: any of the usual orders and digits, with what is known of their zone.

Nothing is guessed silently: what is undecidable carries a warning, what is not understood gives no time.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from detector.read.dates import OCCURS_TWICE, local_iso
from detector.read.source import DateOrder
from detector.records import Message, Record

DATE_NOT_UNDERSTOOD = "date not understood"
ZONE_NOT_UNDERSTOOD = "the zone behind the time is not understood: the time was left without one"
DAY_AND_MONTH = "day and month could be swapped"
YEAR_FIRST = "the date could begin with the year; it was read with the year at its end"

MAX_CHARACTERS = 80
"""No written time is longer."""

PLAUSIBLE_YEARS = range(1970, 2101)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime.min.replace(tzinfo=UTC)

EPOCH_NUMBER = re.compile(r"(\d{9,19})(?:\.(\d{1,9}))?")
EPOCH_DIGITS = (10, 13, 16, 19)
"""Of seconds, milli-, micro- and nanoseconds since 1970: numbers that are no day written without marks."""
EPOCH_DAY = re.compile(r"20\d{8}")
"""May be a day and an hour, and is 2033 or later as seconds."""
OFFSET = r"[+-]\d{1,2}(?::?\d{2})?"
LETTERS = "(?-i:[A-Z]{3,5})"
"""A zone's short name. But for UTC and GMT they mean several: AST is Arabia's and Canada's, IST three."""
STAMP = re.compile(
    r"(?P<first>\d{1,4})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)(?P<third>\d{1,4})"
    r"(?:(?:,?\s+(?:at|a|في|الساعه|في الساعه)\s+|[T,\s]+)"
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<seconds>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?|\s*(?P<arabic_half>صباحا?|مساء|[صم]))?"
    rf"\s*(?:(?P<zone>Z|\(?(?:UTC|GMT)\s*(?:{OFFSET})?\)?|{OFFSET})|\(?(?P<letters>{LETTERS})\)?)?"
    rf"(?:\s*\((?:Device|Network|{LETTERS})\))?)?",
    re.IGNORECASE,
)
"""XRY says behind a zone whose clock it was, mails how it is called. Words are as `_plain` gives them."""
COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?!\d)")
"""The basic format of ISO 8601."""

NAMES_OF_MONTHS = (
    "jan january janvier janv يناير كانون_الثاني كانون_ثاني جانفي",
    "feb february février févr fév fev فبراير شباط فيفري",
    "mar march mars مارس آذار",
    "apr april avril avr أبريل نيسان أفريل",
    "may mai مايو أيار ماي مايس",
    "jun june juin يونيو يونيه حزيران جوان",
    "jul july juillet juil يوليو يوليه تموز جويلية يوليوز",
    "aug august août أغسطس آب أوت غشت أغشت",
    "sep sept september septembre سبتمبر أيلول شتنبر شتمبر",
    "oct october octobre أكتوبر تشرين_الأول تشرين_أول",
    "nov november novembre نوفمبر تشرين_الثاني تشرين_ثاني نونبر",
    "dec december décembre déc ديسمبر كانون_الأول كانون_أول دجنبر دجمبر",
)
"""Month by month in English, French, and Arabic as Egypt, Iraq, the Levant and the Maghreb have them.

Spaces do not count.
"""
NAMES_OF_DAYS = (
    "mon monday lundi lun الاثنين الإثنين اثنين",
    "tue tues tuesday mardi mar الثلاثاء ثلاثاء",
    "wed weds wednesday mercredi mer الأربعاء أربعاء",
    "thu thur thurs thursday jeudi jeu الخميس خميس",
    "fri friday vendredi ven الجمعة جمعة",
    "sat saturday samedi sam السبت سبت",
    "sun sunday dimanche dim الأحد أحد",
)
MONTH = r"[^\W\d_]+(?: +[^\W\d_]+)?"
NAMED_MONTH = re.compile(
    rf"(?:(?P<day>\d{{1,2}})(?:er|st|nd|rd|th)?[\s./-]+)?(?P<month>{MONTH}(?: */ *{MONTH})?)\.?"
    r"(?(day)[\s./,-]+|\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?,?\s+)(?P<year>\d{4}|\d{2}(?!\d))",
    re.IGNORECASE,
)
NAMED_DAY = re.compile(r"(?:(?:le|يوم)\s+)?([^\W\d_]+)\.?[,\s]+", re.IGNORECASE)


def _plain(written: str) -> str:
    """A date with ASCII digits, commas and spaces, without accents, hamzas and bidirectional marks.

    >>> _plain("١٢ أيلول، ٩:٠٧ مساءً")
    '12 ايلول, 9:07 مساء'
    """
    if written.isascii():
        return written.strip()
    return "".join(map(_plain_char, unicodedata.normalize("NFKD", written))).strip()


def _plain_char(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if unicodedata.category(char) in ("Cf", "Mn"):
        return ""
    return PLAIN_CHARS.get(char, " " if char.isspace() else char)


PLAIN_CHARS = {"\N{ARABIC COMMA}": ",", "ة": "ه"}
MONTHS = {
    _plain(name.replace("_", "")): number
    for number, names in enumerate(NAMES_OF_MONTHS, 1)
    for name in names.split()
}
DAYS = frozenset(_plain(name) for names in NAMES_OF_DAYS for name in names.split())


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How times are written in one place of the input.

    `stated` is the zone that the input itself names, `declared` that of `--tz`; `epoch` is whether any bare
    number is seconds (or milli-, micro-, nanoseconds) since 1970, and not only one that is nothing else.
    """

    stated: tzinfo | None = None
    declared: ZoneInfo | None = None
    order: DateOrder | None = None
    epoch: bool = False


def written_time(written: str, style: DateStyle) -> tuple[str | None, tuple[str, ...]]:
    """A written time in ISO 8601, and what to warn of; None where it is not understood.

    An offset that the text or its heading states is kept; a local time gets the declared zone. A day
    without a time stays a day.

    >>> written_time("١٢/٠٣/٢٠٢٤ ٩:٠٧ م", DateStyle(order=DateOrder.DMY))
    ('2024-03-12T21:07:00', ())
    """
    plain = plain_date(written[: MAX_CHARACTERS + 1])
    if (number := EPOCH_NUMBER.fullmatch(plain)) and (style.epoch or _is_epoch(number[1])):
        fraction = (number[2] or "")[:6].ljust(6, "0") if len(number[1]) == EPOCH_DIGITS[0] else ""
        moment = epoch_iso(int(number[1] + fraction), style.declared)
        return moment, () if moment else (DATE_NOT_UNDERSTOOD,)
    numbered = _numbered(plain)
    parts = STAMP.fullmatch(numbered)
    if parts is None or len(written) > MAX_CHARACTERS:
        return None, (DATE_NOT_UNDERSTOOD,)
    try:
        day, warnings = _day(parts, style.order if numbered == plain else DateOrder.DMY)
        clock = _clock(parts)
        if clock is None:
            return day.isoformat(), warnings
        text, more = _in_zone(datetime.combine(day, clock), parts, style)
    except ValueError:
        return None, (DATE_NOT_UNDERSTOOD,)
    return text, (*warnings, *more)


def _in_zone(local: datetime, parts: re.Match[str], style: DateStyle) -> tuple[str, tuple[str, ...]]:
    """A local time in ISO 8601 with the zone that is written, stated or declared, and what to warn of.

    Raises:
        ValueError: the offset is a day or more.
    """
    zone = fixed_zone(parts["zone"]) if parts["zone"] else style.stated
    if zone is None and parts["letters"]:
        return _in_zone_of_letters(local, parts["letters"], style.declared)
    if zone is not None or style.declared is None:
        return local.replace(tzinfo=zone).isoformat(), ()
    return local_iso(local, style.declared)


def _is_epoch(digits: str) -> bool:
    return len(digits) in EPOCH_DIGITS and not EPOCH_DAY.fullmatch(digits)


def plain_date(written: str) -> str:
    """A date as those that are read: plain characters, no name of a day before it, marks in a compact one.

    >>> plain_date("الثلاثاء، ١٢/٣/٢٠٢٤"), plain_date("20240312T210700Z"), plain_date("Mar 12, 2024")
    ('12/3/2024', '2024-03-12T21:07:00Z', 'Mar 12, 2024')
    """
    plain = COMPACT.sub(r"\1-\2-\3T\4:\5:\6", _plain(written), count=1)
    found = NAMED_DAY.match(plain)
    if found is None or found[1].casefold() not in DAYS or _numbered(plain) != plain:
        return plain  # "mar" is a Tuesday in French as well as a month
    return plain[found.end() :]


def _numbered(written: str) -> str:
    """A date whose month is named as one of numbers, day first; all others as they are.

    >>> _numbered("Mar 12, 2024 21:07"), _numbered("12-اذار-2024")
    ('12/3/2024 21:07', '12/3/2024')
    """
    found = NAMED_MONTH.match(written)
    number = _month(found["month"]) if found else None
    if found is None or number is None:
        return written
    return f"{found['day'] or found['after']}/{number}/{found['year']}{written[found.end() :]}"


def _month(written: str) -> int | None:
    """The month of a name, or of two names of one month with a slash between them; None where it is none.

    >>> _month("كانون  الاول/ديسمبر"), _month("mars/avril")
    (12, None)
    """
    numbers = {MONTHS.get(name.casefold().replace(" ", "")) for name in written.split("/")}
    return numbers.pop() if len(numbers) == 1 else None


def _day(parts: re.Match[str], order: DateOrder | None) -> tuple[date, tuple[str, ...]]:
    """The day that three numbers mean; the day is taken to come first where nothing decides it.

    Raises:
        ValueError: there is no such day, or none on which a message can have been sent.
    """
    first, second, third = (int(parts[name]) for name in ("first", "second", "third"))
    warnings: tuple[str, ...] = ()
    if len(parts["first"]) > 2:
        order = DateOrder.YMD
    elif order is None:
        order = DateOrder.MDY if second > 12 else DateOrder.DMY
        warnings = (DAY_AND_MONTH,) if max(first, second) <= 12 and first != second else ()
        if parts["mark"] == "-" and len(parts["third"]) == 2 and first > 12 and 0 < third <= 31:
            warnings = (YEAR_FIRST,)
    numbers = dict(zip(order.value, (first, second, third), strict=True))
    year = numbers["Y"] + 2000 if numbers["Y"] < 100 else numbers["Y"]
    if year not in PLAUSIBLE_YEARS:
        raise ValueError("a year of another calendar, or none")
    return date(year, numbers["M"], numbers["D"]), warnings


def _clock(parts: re.Match[str]) -> time | None:
    """The time of day; None where only a day is written.

    Raises:
        ValueError: there is no such time.
    """
    if parts["hour"] is None:
        return None
    hour = int(parts["hour"])
    half = (parts["half"] or parts["arabic_half"] or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half.startswith(("p", "م")) else 0)
    micro = int((parts["fraction"] or "0")[:6].ljust(6, "0"))
    return time(hour, int(parts["minute"]), int(parts["seconds"] or 0), micro)


def _in_zone_of_letters(
    local: datetime, letters: str, declared: ZoneInfo | None
) -> tuple[str, tuple[str, ...]]:
    """A time behind which its zone stands in letters, believed where the declared zone goes by them then.

    They tell apart an hour that occurs twice.
    """
    both = [local.replace(tzinfo=declared, fold=fold) for fold in (0, 1)]
    names = [moment.tzname() for moment in both]
    if letters not in names:
        return local.isoformat(), (ZONE_NOT_UNDERSTOOD,)
    text, warnings = local_iso(local, declared)
    if OCCURS_TWICE in warnings and names[0] != names[1]:
        return both[names.index(letters)].isoformat(timespec="seconds"), ()
    return text, warnings


def fixed_zone(written: str) -> timezone:
    """The zone of an offset such as "UTC+03:00", "+0300" or "-3"; UTC where there is none.

    Raises:
        ValueError: the offset is a day or more.
    """
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?", written)
    if found is None:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset)


def epoch_iso(number: int, zone: ZoneInfo | None) -> str | None:
    """ISO 8601 of a time since 1970, in UTC or the declared zone; None outside 2001 to 2100.

    Earlier ones are of no chat: seconds since 2001, as Apple counts them, look like those of 1993. The size
    of the number tells seconds from milli-, micro- and nanoseconds.

    >>> epoch_iso(1544006350, None)
    '2018-12-05T10:39:10+00:00'
    """
    if not 10**9 <= number < 10**20:
        return None
    power = next(power for power in (0, 3, 6, 9) if number < 10 ** (11 + power))
    moment = EPOCH + timedelta(microseconds=number * 10**6 // 10**power)
    if moment.year not in PLAUSIBLE_YEARS:
        return None
    return moment.astimezone(zone or UTC).isoformat()


def oldest_first(records: list[Record], *, by_the_minute: bool = False) -> Iterator[Record]:
    """The records of a list in the order of time.

    It is turned round where its last time is before its first, and where it has not two times to tell by:
    programs write the newest message first. Times of the minute that are equal tell nothing either.
    """
    times = [moment_of(record) for record in records if isinstance(record, Message) and record.sent_at]
    told = len(times) > 1 and not (by_the_minute and times[0] == times[-1])
    return iter(records) if told and times[0] <= times[-1] else reversed(records)


def moment_of(record: Record) -> datetime:
    """When a record was sent; before all others where nothing says it."""
    written = record.sent_at if isinstance(record, Message) else None
    moment = datetime.fromisoformat(written) if written else EARLIEST
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
