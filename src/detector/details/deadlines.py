"""Deadlines in normalised text, by the words of `words.toml`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from detector.details.words import (
    DUAL,
    ORNAMENT,
    Token,
    number_at,
    part_more,
    plain,
    token_after,
    tokens_of,
    words,
)
from detector.records import Detail, DetailKind

_HOUR = frozenset(("الساعه", "essa3a", "elsa3a", "sa3a", "lsa3a"))
_AT = frozenset(("في", "ف", "ب", "متاع", "تاع", "ديال", "el", "l", "f", "fel", "b", "bel", "d", "de"))
"""What may stand between a day or an hour and the part of the day."""
_PAST = frozenset(("الماضي", "الماضيه", "الفايت", "الفايته", "الفات", "السابق", "passe", "dernier"))
_DATE_GOES_ON = re.compile(r" ?[/.-] ?\d")
_DATE = re.compile(r"(?<![\d/.-])(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?![\d/])")
"""A date as chatters write it, the day first."""
_TO_OTHERS = frozenset(("للحد", "للاثنين", "للاتنين"))
"""To limit, and to both."""
_DAY_WORDS = frozenset(("يوم", "نهار", "yom", "youm", "nhar", "le"))
"""Words before a number that make it a day of the month."""
_ARTICLES = ("ال", "لل", "ل", "el", "l")
MOST_DAYS, MONTHS = 31, 12


def deadlines_of(text: str) -> list[Detail]:
    """Times set to the recipient: durations (ISO 8601), hours ("T21"), days ("tomorrow"), dates ("--06-15").

    A day of a month that is not named has three hyphens ("---15"). A day with an hour counts by itself
    ("tomorrow T17"); a day, an hour or a date alone only after a word such as "before".

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
    return _within(text, tokens, at) or _on_day(text, tokens, at) or _before(text, tokens, at)


def _within(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    """A duration after a word such as "within" or "you have"."""
    start = tokens[at].start
    match = words().within.match(text, start)
    return _duration(tokens, token_after(tokens, match.end()), start) if match else None


def _on_day(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    """A day with its hour, or one with "to" written onto it."""
    token = tokens[at]
    if day := _day(token.text):
        return _with_hour(tokens, at, token.start, day, alone=False)
    if not token.text.startswith("ل"):
        return None
    if moment := _moment(text, token.start + 1, token.start):
        return moment
    article = token.text.startswith("لل") and token.text not in _TO_OTHERS
    day = _day("ال" + token.text[2:] if article else token.text[1:])
    return _with_hour(tokens, at, token.start, day) if day else None


def _before(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    """A day or a part of it, a date or an hour after a word such as "before"."""
    known, start = words(), tokens[at].start
    match = known.before.match(text, start)
    place = token_after(tokens, match.end()) if match else len(tokens)
    gap = ORNAMENT.match(text, match.end()) if match else None
    if match is None or gap is None or place >= len(tokens) or gap.end() < tokens[place].start:
        return None
    first = place
    while True:
        following = tokens[place]
        detail = _moment(text, following.start, start) or _date(text, following.start, start)
        if detail:
            return detail
        if day := _day_behind(following.text):
            return _with_hour(tokens, place, start, day)
        if following.text not in known.then or place + 1 >= len(tokens) or place - first >= 2:
            break
        place += 1
    if place > first and (date := _day_of_month(tokens, place, start)):
        return date
    clock = _clock(tokens, place, start)
    if not clock or _DATE_GOES_ON.match(text, clock.end):
        return None
    weak = known.weak.fullmatch(match[0]) and tokens[place].text not in _HOUR
    return None if weak and not _half_is_said(tokens, clock) else clock


def _day_of_month(tokens: Sequence[Token], at: int, start: int) -> Detail | None:
    """A day of the month: behind a word for it, or one too late for an hour behind the article."""
    number, named = number_at(tokens, at), tokens[at - 1].text in _DAY_WORDS
    if number is None or number.value % 1 or not (1 if named else 13) <= number.value <= MOST_DAYS:
        return None
    if not named and (tokens[at - 1].text != "ال" or tokens[at].text in words().numbers):
        return None
    value = f"---{int(number.value):02d}"
    return Detail(start, tokens[number.after - 1].end, DetailKind.DEADLINE, value)


def _half_is_said(tokens: Sequence[Token], clock: Detail) -> bool:
    """Whether the hour ends with the half of the day."""
    return _half(tokens[token_after(tokens, clock.end) - 1].text, 12) is not None


def _moment(text: str, at: int, start: int) -> Detail | None:
    for pattern, name in words().moments:
        if match := pattern.match(text, at):
            return Detail(start, match.end(), DetailKind.DEADLINE, name)
    return None


def _with_hour(
    tokens: Sequence[Token], at: int, start: int, day: str, *, alone: bool = True
) -> Detail | None:
    """A day with the hour or part that is named after it, or the day by itself where it may stand `alone`.

    A number is an hour where the word for it stands before, or the half of the day behind.
    """
    behind = at + 1
    before = behind < len(tokens) and bool(words().before.fullmatch(tokens[behind].text))
    behind += before
    following = tokens[behind].text if behind < len(tokens) else ""
    clock = _clock(tokens, behind, start) if following else None
    if clock and (following in _HOUR or clock.value.startswith("T")):
        return replace(clock, value=f"{day} {clock.value}")
    if following in _PAST or not alone:
        return None
    part, last = _part(tokens, at + 1)
    if part and day not in words().parts.values():
        value = "tonight" if (day, part) == ("today", "night") else f"{day} {part}"
        return Detail(start, last, DetailKind.DEADLINE, value)
    return Detail(start, tokens[at].end, DetailKind.DEADLINE, day)


def _part(tokens: Sequence[Token], at: int) -> tuple[str | None, int]:
    """The part of the day that is named from a token on, and where its name ends."""
    at += at < len(tokens) and tokens[at].text in _AT
    if at >= len(tokens) or not tokens[at].follows:
        return None, 0
    word = tokens[at].text
    for prefix in ("", "ب", "ف", "l", "el", "bel", "b"):
        if part := words().parts.get(word.removeprefix(prefix)):
            return part, tokens[at].end
    return None, 0


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


def _day_behind(word: str) -> str | None:
    """A day or a part of it, with what is written onto its front behind a word such as "until"."""
    parts = words().parts
    for prefix in ("", *_ARTICLES):
        bare = word.removeprefix(prefix)
        if found := _day(bare) or parts.get(bare) or parts.get("ال" + bare if prefix == "لل" else bare):
            return found
    return None


def _duration(tokens: Sequence[Token], at: int, start: int) -> Detail | None:
    """A time that is given; a year is none that anybody gives."""
    known, units = words(), words().units
    number = number_at(tokens, at) if at < len(tokens) else None
    unit_at = number.after if number else at
    if unit_at >= len(tokens) or not (unit := units.get(tokens[unit_at].text)):
        return None
    if unit == "Y" or (number is None and tokens[unit_at].text in known.many):
        return None
    single = 2.0 if DUAL.search(tokens[unit_at].text) else 1.0
    part, after = part_more(tokens, unit_at + 1)
    count = plain((number.value if number else single) + part)
    value = f"PT{count}{unit[1]}" if unit.startswith("T") else f"P{count}{unit}"
    return Detail(start, tokens[after - 1].end, DetailKind.DEADLINE, value)


def _clock(tokens: Sequence[Token], at: int, start: int) -> Detail | None:
    """An hour of the day, in ISO 8601 where it is clear which half is meant, else as it is said."""
    named = tokens[at].text in _HOUR
    hour_at = at + named
    if hour_at >= len(tokens):
        return None
    ordinal = words().hours.get(tokens[hour_at].text) if named else None
    number = number_at(tokens, hour_at) if ordinal is None else None
    value = number.value if number else ordinal
    if value is None or not 1 <= value < 25:
        return None
    hour, minutes, next_at = int(value), round(value % 1 * 60), number.after if number else hour_at + 1
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
    if after and after.text in _AT and next_at + 1 < len(tokens):
        after = tokens[next_at + 1]
    half = _half(after.text, hour) if after else None
    if half is not None and after and hour <= 12:
        midnight = hour == 12 and after.text.endswith(("ليل", "ليلا", "ليله", "lil", "leil", "lel"))
        exact = f"T{0 if midnight else hour % 12 + half:02d}" + (f":{minutes:02d}" if minutes else "")
        return Detail(start, after.end, DetailKind.DEADLINE, exact)
    exact = f"T{said}" if hour > 12 else f"{said} o'clock"
    return Detail(start, end, DetailKind.DEADLINE, exact)


def _half(word: str, hour: int) -> int | None:
    """What a part of the day adds to an hour; ten and eleven at noon are in the morning."""
    bare = word.removeprefix("ب").removeprefix("ال")
    if bare.endswith(("ظهر", "ضهر", "ظهرا")) and hour in {10, 11}:
        return 0
    halves = words().halves
    half = halves.get(bare)
    return halves.get(word.removeprefix("bel").removeprefix("b")) if half is None else half
