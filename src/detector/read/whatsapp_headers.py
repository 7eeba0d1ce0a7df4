"""The stamp that starts a message in a WhatsApp export: its shape, its date, its time.

Shapes as the CLDR formats of Arabic, English and French phones give them, with the marks and spaces
that phones put between the parts.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from detector.read.marks import MARKS
from detector.read.source import DateOrder, Format

LONGEST_STAMP = 120
"""No stamp is longer: what comes later in a line is never searched for one."""

NO_CALENDAR = "the year is not of the Gregorian calendar (Hijri or another), the time was left out"
NO_SUCH_TIME = "the date or time written in the export does not exist, it was left out"
SWAPPED = "day and month could be swapped"

_WESTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_SPACES = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_AFTERNOON = frozenset({"pm", "م", "مساء", "بظ", "دن"})

_S, _M, _D = f"[{_SPACES}]", f"[{MARKS}]{{0,4}}", "[0-9٠-٩۰-۹]"
_MERIDIEM = rf"[AaPp]\.?{_S}?[Mm]\.?|صباحًا|صباحا|مساءً|مساء|ص|م|ق\.ظ\.?|ب\.ظ\.?|پ\.ن|د\.ن"
_STAMP = re.compile(
    rf"""
    {_M} (?P<bracket>\[)? {_M}
    (?P<first>{_D}{{4}}|{_D}{{1,2}}) {_M} (?P<date_mark>[/.-]) {_M}
    (?P<second>{_D}{{1,2}}) {_M} (?P=date_mark) {_M}
    (?P<third>{_D}{{4}}|{_D}{{1,2}}) {_M} (?P<era>{_S}?(?:هـ?|AH|AP))? {_M}
    (?P<between>[,،]?{_S}(?:(?:à|at|في){_S})?|[,،]) {_M}
    (?P<hour>{_D}{{1,2}}) (?P<time_mark>[:.]) (?P<minute>{_D}{{2}}) {_M}
    (?:(?P=time_mark) (?P<seconds>{_D}{{2}}) {_M})?
    (?:{_S}? {_M} (?P<meridiem>{_MERIDIEM}) {_M})?
    (?P<close>(?(bracket)\]|(?:{_S}{_M}[-\N{{EN DASH}}\N{{EM DASH}}]|:))) {_M} (?:{_S}|$)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How the stamps of one export are written. One phone writes one shape per export."""

    format: Format
    date_mark: str
    year_digits: int
    year_first: bool
    between: str
    time_mark: str
    seconds: bool
    meridiem: bool
    digits: str
    close: str


class Day(NamedTuple):
    """A written day, which need not exist; days compare in the order of time."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """A parsed stamp: three numbers of a date in the written order, a time, and where the rest begins."""

    shape: Shape
    first: int
    second: int
    third: int
    hour: int
    minute: int
    seconds: int
    unpadded: bool
    american: bool
    other_calendar: bool
    end: int

    def ambiguous(self) -> bool:
        """Whether day and month could change places."""
        return not self.shape.year_first and max(self.first, self.second) <= 12 and self.first != self.second

    def day(self, order: DateOrder) -> Day:
        """The written day under `order`; the year in four digits."""
        if self.shape.year_first or order is DateOrder.YMD:
            year, month, day = self.first, self.second, self.third
        elif order is DateOrder.MDY:
            month, day, year = self.first, self.second, self.third
        else:
            day, month, year = self.first, self.second, self.third
        return Day(year + 2000 if year < 100 else year, month, day)

    def moment(self, order: DateOrder) -> datetime | str:
        """The local time under `order`, or the warning why there is none.

        Two-digit years 40 to 60 are taken for Hijri ones: the Gregorian 2040 is not yet near.
        """
        year, month, day = self.day(order)
        if self.other_calendar or 1300 <= year < 1500 or year >= 2400 or 2040 <= year <= 2060:
            return NO_CALENDAR
        try:
            return datetime(year, month, day, self.hour, self.minute, self.seconds)  # noqa: DTZ001 - no zone stated
        except ValueError:
            return NO_SUCH_TIME


def read_stamp(line: str) -> Stamp | None:
    """The stamp at the start of `line`, or None.

    >>> read_stamp("12/03/2024, 21:07 - دانة: مرحبا").moment(DateOrder.DMY).isoformat()
    '2024-03-12T21:07:00'
    """
    match = _STAMP.match(line, 0, min(len(line), LONGEST_STAMP))
    if match is None:
        return None
    first, second, third = match["first"], match["second"], match["third"]
    if len(first) == len(third) == 4:
        return None
    return Stamp(
        shape=_shape(match),
        first=_number(first),
        second=_number(second),
        third=_number(third),
        hour=_hour(match),
        minute=_number(match["minute"]),
        seconds=_number(match["seconds"] or "0"),
        unpadded=any(len(number) == 1 for number in (first, second)),
        american=match["meridiem"] in ("AM", "PM"),
        other_calendar=match["era"] is not None,
        end=match.end(),
    )


def _number(digits: str) -> int:
    return int(digits.translate(_WESTERN))


def _shape(match: re.Match[str]) -> Shape:
    year_first = len(match["first"]) == 4
    year = match["first"] if year_first else match["third"]
    dash = match["close"].strip(MARKS + _SPACES)
    return Shape(
        format=Format.WHATSAPP_ANDROID if dash in "-\N{EN DASH}\N{EM DASH}" else Format.WHATSAPP_IOS,
        date_mark=match["date_mark"],
        year_digits=len(year),
        year_first=year_first,
        between=match["between"].replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " "),
        time_mark=match["time_mark"],
        seconds=match["seconds"] is not None,
        meridiem=match["meridiem"] is not None,
        digits="western" if year[0].isascii() else "arabic" if year[0] < "۰" else "persian",
        close=dash,
    )


def _hour(match: re.Match[str]) -> int:
    """The hour on the 24-hour clock: 12:05 ص has hour 0, and 13:05 م keeps 13."""
    hour = _number(match["hour"])
    if match["meridiem"] is None or hour > 12:
        return hour
    letters = re.sub(rf"[.ً{_SPACES}]", "", match["meridiem"]).lower()
    return hour % 12 + (12 if letters in _AFTERNOON else 0)
