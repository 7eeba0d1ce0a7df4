"""Deadlines in normalised text, by the words of `words.toml`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from detector.details.words import DUAL, Token, number_at, part_more, plain, token_after, tokens_of, words
from detector.records import Detail, DetailKind

_HOUR = frozenset(("الساعه", "essa3a", "elsa3a"))
_DAY_WORDS = frozenset(("يوم", "نهار", "ليله", "nhar", "yom", "youm"))
_PAST = frozenset(("الماضي", "الماضيه", "الفايت", "الفايته", "الفات", "السابق", "passe", "dernier"))
_HALVES = {"صبح": 0, "صباح": 0, "صباحا": 0, "فجر": 0, "am": 0} | dict.fromkeys(
    ("مسا", "مساء", "ليل", "ليلا", "عصر", "مغرب", "عشا", "عشاء", "pm", "ليله"), 12
)
"""Words after an hour that say which half of the day is meant, and what they add to it."""
_DATE_GOES_ON = re.compile(r" ?[/.-] ?\d")
_DATE = re.compile(r"(?<![\d/.-])(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?![\d/])")
"""A date as chatters write it, the day first."""
MOST_DAYS, MONTHS = 31, 12


def deadlines_of(text: str) -> list[Detail]:
    """Times set to the recipient: durations (ISO 8601), hours ("T21"), days ("tomorrow"), dates ("--06-15").

    A day with an hour counts by itself ("tomorrow T17"); a day, an hour or a date alone only after a word
    such as "before".

    >>> [one.value for one in deadlines_of("معك 24 ساعه، قبل الخميس، بكرا الساعه 5 العصر")]
    ['PT24H', 'thursday', 'tomorrow T17']
    """
    tokens = tokens_of(text)
    found: list[Detail] = []
    for at, token in enumerate(tokens):
        if found and token.start < found[-1].end:
            continue
        if detail := _deadline_at(text, tokens, at):
            found.append(detail)
    return found


def _deadline_at(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    return _within(text, tokens, at) or _on_day(tokens, at) or _before(text, tokens, at)


def _within(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    """A duration after a word such as "within" or "you have"."""
    start = tokens[at].start
    match = words().within.match(text, start)
    return _duration(tokens, token_after(tokens, match.end()), start) if match else None


def _on_day(tokens: Sequence[Token], at: int) -> Detail | None:
    """A day with its hour, or one with "to" written onto it."""
    token = tokens[at]
    if day := _day(token.text):
        return _with_hour(tokens, at, token.start, day, alone=False)
    glued = token.text.removeprefix("ل")
    day = _day(glued) if glued != token.text else None
    return _with_hour(tokens, at, token.start, day) if day else None


def _before(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    """A day, a date or an hour after a word such as "before"."""
    known, token = words(), tokens[at]
    if token.text not in known.before or at + 1 >= len(tokens):
        return None
    for place, following in enumerate(tokens[at + 1 : at + 3], at + 1):
        if day := _day(following.text):
            return _with_hour(tokens, place, token.start, day)
        if date := _date(text, following.start, token.start):
            return date
        if following.text not in _DAY_WORDS:
            break
    told = token.text not in known.weak or tokens[at + 1].text in _HOUR
    clock = _clock(tokens, at + 1, token.start) if told else None
    return clock if clock and not _DATE_GOES_ON.match(text, clock.end) else None


def _with_hour(
    tokens: Sequence[Token], at: int, start: int, day: str, *, alone: bool = True
) -> Detail | None:
    """A day with the hour that is named after it, or the day by itself where it may stand `alone`.

    A number is an hour where the word for it stands before, or the half of the day behind.
    """
    following = tokens[at + 1].text if at + 1 < len(tokens) else ""
    clock = _clock(tokens, at + 1, start) if following else None
    if clock and (following in _HOUR or clock.value.startswith("T")):
        return replace(clock, value=f"{day} {clock.value}")
    if following in _PAST:
        return None
    return Detail(start, tokens[at].end, DetailKind.DEADLINE, day) if alone else None


def _date(text: str, at: int, start: int) -> Detail | None:
    """A date in ISO 8601; without a year it begins with two hyphens, as in RFC 6350."""
    match = _DATE.match(text, at)
    if not match or not 1 <= int(match["day"]) <= MOST_DAYS or not 1 <= int(match["month"]) <= MONTHS:
        return None
    year = "-" if match["year"] is None else match["year"].rjust(4, "-").replace("--", "20")
    value = f"{year}-{int(match['month']):02d}-{int(match['day']):02d}"
    return Detail(start, match.end(), DetailKind.DEADLINE, value)


def _day(word: str) -> str | None:
    days = words().days
    return days.get(word) or days.get(word.removeprefix("ال"))


def _duration(tokens: Sequence[Token], at: int, start: int) -> Detail | None:
    units = words().units
    number = number_at(tokens, at) if at < len(tokens) else None
    unit_at = number.after if number else at
    if unit_at >= len(tokens) or not (unit := units.get(tokens[unit_at].text)):
        return None
    single = 2.0 if DUAL.search(tokens[unit_at].text) else 1.0
    part, after = part_more(tokens, unit_at + 1)
    count = plain((number.value if number else single) + part)
    value = f"PT{count}{unit[1]}" if unit.startswith("T") else f"P{count}{unit}"
    return Detail(start, tokens[after - 1].end, DetailKind.DEADLINE, value)


def _clock(tokens: Sequence[Token], at: int, start: int) -> Detail | None:
    """An hour of the day, in ISO 8601 where it is clear which half is meant, else as it is said."""
    named = tokens[at].text in _HOUR
    number = number_at(tokens, at + named) if at + named < len(tokens) else None
    if number is None or not 1 <= number.value < 25:
        return None
    hour, minutes, next_at = int(number.value), round(number.value % 1 * 60), number.after
    written = tokens[next_at] if next_at < len(tokens) and tokens[next_at].text.startswith(":") else None
    if written and written.start == tokens[next_at - 1].end:
        minutes, next_at = int(written.text[1:]), next_at + 1
    if minutes % 5 and not written:
        return None
    said = f"{hour}:{minutes:02d}" if minutes else str(hour)
    end = tokens[next_at - 1].end
    after = tokens[next_at] if next_at < len(tokens) else None
    if after and not named and after.text in words().units and after.text != "h":
        return None
    half = _HALVES.get(after.text.removeprefix("ب").removeprefix("ال")) if after else None
    if half is not None and after and hour <= 12:
        midnight = hour == 12 and after.text.endswith(("ليل", "ليلا", "ليله"))
        exact = f"T{0 if midnight else hour % 12 + half:02d}" + (f":{minutes:02d}" if minutes else "")
        return Detail(start, after.end, DetailKind.DEADLINE, exact)
    exact = f"T{said}" if hour > 12 else f"{said} o'clock"
    return Detail(start, end, DetailKind.DEADLINE, exact)
