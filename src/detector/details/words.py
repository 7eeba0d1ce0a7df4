"""Amounts, deadlines and payment channels in normalised text, by the words of `words.toml`."""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

from detector.details.overlaps import without_overlaps
from detector.records import Detail, DetailKind

_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,']\d+)+|\d{2,}|\d(?![a-z]{2}))|(?P<word>\d?[a-z][a-z0-9']*|[\u0621-\u064a]+)|(?P<sign>[$€])"
)
_PREFIXES = ("وال", "بال", "ال", "و", "ب", "ل", "ف", "d")
_AND = frozenset(("و", "w", "u", "ou"))
_HOUR = frozenset(("الساعه", "essa3a", "elsa3a"))
_DAY_WORDS = frozenset(("يوم", "نهار", "ليله", "nhar", "yom", "youm"))
_HALVES = {"صبح": 0, "صباح": 0, "صباحا": 0, "فجر": 0, "am": 0} | dict.fromkeys(
    ("مسا", "مساء", "ليل", "ليلا", "عصر", "مغرب", "عشا", "عشاء", "pm", "ليله"), 12
)
"""Words after an hour that say which half of the day is meant, and what they add to it."""
_DATE_GOES_ON = re.compile(r" ?[/.-] ?\d")
_DATE = re.compile(r"(?<![\d/.-])(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?![\d/])")
"""A date as chatters write it, the day first."""
_GLUED = frozenset(("da",))
"""Currencies that are words too: they must be written onto the number."""
_BY = re.compile(r"(?:علي|ع|عال|ب|بال|3la|3al|b|via|par|sur)? ?")
"""What may stand between a sum and the way it is to be paid."""
MOST_DIGITS = 15
MOST_DAYS, MONTHS = 31, 12
_DUAL = re.compile(r"(?:ين|ten|tin)$")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    is_number: bool
    follows: bool
    """Whether nothing but a space stands between this token and the one before."""


@dataclass(frozen=True, slots=True)
class _Number:
    """A number that ends before token `after`; `large` where thousands or millions were said."""

    value: float
    after: int
    large: bool


@dataclass(frozen=True, slots=True)
class _Words:
    numbers: dict[str, float]
    multipliers: dict[str, float]
    currencies: list[tuple[re.Pattern[str], str]]
    slang: list[tuple[re.Pattern[str], float, str]]
    pay: frozenset[str]
    channels: list[tuple[re.Pattern[str], str]]
    before: frozenset[str]
    weak: frozenset[str]
    within: re.Pattern[str]
    units: dict[str, str]
    days: dict[str, str]


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(longest_first)})(?!\w)")


def _named(patterns: Iterable[str]) -> re.Pattern[str]:
    """A name as a whole word, with or without the article and what is written onto it."""
    return re.compile(rf"(?<!\w)(?:ال|بال|عال|[وبعفل])?{_any_of(patterns).pattern}")


def _by_spelling(table: dict[str, list[str]]) -> dict[str, str]:
    return {spelling: name for name, spellings in table.items() for spelling in spellings}


@cache
def _words() -> _Words:
    table = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
    # keys of numbers such as 0.25 are dotted keys in TOML: "0" = {"25": [...]}
    fractions = {f"0.{key}": value for key, value in table["numbers"].pop("0").items()}
    return _Words(
        numbers={word: float(value) for word, value in _by_spelling(table["numbers"] | fractions).items()},
        multipliers={word: float(value) for word, value in _by_spelling(table["multipliers"]).items()},
        currencies=[(_any_of(patterns), name) for name, patterns in table["currencies"].items()],
        slang=[
            (_any_of([words]), float(of["value"]), of["currency"]) for words, of in table["slang"].items()
        ],
        pay=frozenset(table["pay"]["words"]),
        channels=[(_named(patterns), name) for name, patterns in table["channels"].items()],
        before=frozenset(table["deadlines"]["before"] + table["deadlines"]["weak"]),
        weak=frozenset(table["deadlines"]["weak"]),
        within=_any_of(table["deadlines"]["within"]),
        units=_by_spelling(table["units"]),
        days=_by_spelling(table["days"]),
    )


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    for match in _TOKEN.finditer(text):
        follows = bool(found) and not text[found[-1].end : match.start()].strip()
        found.append(_Token(match[0], match.start(), match.end(), match.lastgroup == "number", follows))
    return found


def _known(word: str, table: dict[str, float]) -> float | None:
    """The value of a word, with or without what is written onto its front."""
    if word in table:
        return table[word]
    bare = (word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix))
    return next((table[one] for one in bare if one in table), None)


def _literal(written: str) -> float | None:
    """Digits with separators: groups of three are thousands, a single separator else is a decimal one.

    None for what is no number of things: dates, versions, and more digits than a number is exact with.

    >>> _literal("1,500"), _literal("5.000.000"), _literal("3,5"), _literal("0.125"), _literal("12.03.2024")
    (1500.0, 5000000.0, 3.5, 0.125, None)
    """
    parts = re.split(r"[.,']", written)
    if sum(map(len, parts)) > MOST_DIGITS:
        return None
    if len(parts) > 1 and parts[0].strip("0") and all(len(part) == 3 for part in parts[1:]):
        return float("".join(parts))
    return float(".".join(parts)) if len(parts) <= 2 else None


def _number_at(tokens: Sequence[_Token], at: int) -> _Number | None:
    """The number that begins with a token, in digits and words: `خمس ميه الف`, `3,5 مليون`, `مليون ونص`."""
    words = _words()
    total, current, scale, begin, counted = 0.0, None, 1.0, at, False
    while at < len(tokens) and (at == begin or tokens[at].follows):
        token = tokens[at]
        if token.text in _AND and begin < at < len(tokens) - 1:
            if _value(tokens[at + 1], words) is None:
                break
            at += 1
            continue
        value, multiplier = _value(token, words), _multiplier(tokens, at, words)
        if multiplier and (multiplier > 100 or (current is not None and 2 <= current <= 9)):
            counted = counted or current is not None
            current = (1.0 if current is None else current) * multiplier
            if multiplier > 100:
                total, scale, current = total + current, multiplier, None
        elif value is None or (multiplier is None and len(token.text) == 1 and not token.is_number):
            break
        elif value < 1 and at > begin and (total or scale > 1):
            total, counted = total + value * scale, True
        elif current is None or (not token.is_number and (value < current or current < 10 <= value < 100)):
            current, counted = (current or 0.0) + value, True
            scale = _scale(value) if not token.is_number and value >= 1000 else scale
        else:
            break
        at += 1
    whole = total + (current or 0.0)
    return _Number(whole, at, large=counted and scale > 1) if at > begin else None


def _scale(value: float) -> float:
    return 1e6 if value >= 1e6 else 1e3


def _multiplier(tokens: Sequence[_Token], at: int, words: _Words) -> float | None:
    """What the token multiplies by; a lone letter does so only where it is written onto a number: `5k`."""
    token = tokens[at]
    if token.is_number:
        return None
    if len(token.text) == 1 and not (at and tokens[at - 1].is_number and tokens[at - 1].end == token.start):
        return None
    return _known(token.text, words.multipliers)


def _value(token: _Token, words: _Words) -> float | None:
    if token.is_number:
        return _literal(token.text)
    value = _known(token.text, words.numbers)
    return _known(token.text, words.multipliers) if value is None else value


def _plain(value: float) -> str:
    """The number without exponent and without zeros behind the point."""
    return format(Decimal(repr(round(value, 8))).normalize(), "f")


def amounts_of(text: str) -> list[Detail]:
    """Sums of money, as a number and, where it is said, the currency (ISO 4217, or its general name).

    A number counts where a currency, thousands or millions stand with it, a word for paying before it, or
    a way of paying after it.
    Iraqi slang (ورقه a hundred dollars, دفتر and شده ten thousand) counts after a number or in the dual.

    >>> amounts_of("حول 500 الف دينار عراقي")[0].value
    '500000 IQD'
    """
    tokens, found, at = _tokens(text), [], 0
    while at < len(tokens):
        detail, after = _amount_at(text, tokens, at)
        if detail:
            found.append(detail)
        at = max(after, at + 1)
    return found


def _amount_at(text: str, tokens: Sequence[_Token], at: int) -> tuple[Detail | None, int]:
    words = _words()
    begin = at
    sign = tokens[at].text if tokens[at].text in "$€" else None
    if sign:
        at += 1
    number = _number_at(tokens, at) if at < len(tokens) else None
    if number is None:
        return _dual_slang(tokens, begin), begin + 1
    start, end = tokens[begin].start, tokens[number.after - 1].end
    rest = end + (text[end : end + 1] == " ")
    for pattern, worth, currency in words.slang:
        if match := pattern.match(text, rest):
            value = f"{_plain(number.value * worth)} {currency}".strip()
            return Detail(start, match.end(), DetailKind.AMOUNT, value), _after(tokens, match.end())
    for pattern, currency in words.currencies:
        match = pattern.match(text, rest) or (pattern.match(sign) if sign else None)
        if match and (match[0] not in _GLUED or sign or rest == end):
            stop = end if sign else match.end()
            detail = Detail(start, stop, DetailKind.AMOUNT, f"{_plain(number.value)} {currency}")
            return detail, _after(tokens, stop)
    asked = any(_bare(one.text) in words.pay for one in tokens[max(0, begin - 2) : begin])
    if number.large or ((asked or _is_channel(text, rest)) and number.value >= 100):
        return Detail(start, end, DetailKind.AMOUNT, _plain(number.value)), number.after
    return None, number.after


def _is_channel(text: str, at: int) -> bool:
    """Whether a way of paying is named from here on, with or without "by" or "to"."""
    by = _BY.match(text, at)
    return any(
        pattern.match(text, place)
        for pattern, _ in _words().channels
        for place in {at, by.end() if by else at}
    )


def _dual_slang(tokens: Sequence[_Token], at: int) -> Detail | None:
    token = tokens[at]
    for pattern, worth, currency in _words().slang:
        if _DUAL.search(token.text) and pattern.fullmatch(token.text):
            value = f"{_plain(worth)} {currency}".strip()
            return Detail(token.start, token.end, DetailKind.AMOUNT, value)
    return None


def _after(tokens: Sequence[_Token], position: int) -> int:
    return bisect_left(tokens, position, key=lambda token: token.start)


def _bare(word: str) -> str:
    return word.removeprefix("و").removeprefix("ف") if len(word) > 3 else word


def channels_of(text: str) -> list[Detail]:
    """Ways of paying that are named, by their common English name."""
    return without_overlaps(
        Detail(match.start(), match.end(), DetailKind.CHANNEL, name)
        for pattern, name in _words().channels
        for match in pattern.finditer(text)
    )


def deadlines_of(text: str) -> list[Detail]:
    """Times set to the recipient: durations (ISO 8601), hours ("T21"), days ("tomorrow"), dates ("--06-15").

    A day with an hour counts by itself ("tomorrow T17"); a day, an hour or a date alone only after a word
    such as "before".

    >>> [one.value for one in deadlines_of("معك 24 ساعه، قبل الخميس، بكرا الساعه 5 العصر")]
    ['PT24H', 'thursday', 'tomorrow T17']
    """
    tokens = _tokens(text)
    found: list[Detail] = []
    for at, token in enumerate(tokens):
        if found and token.start < found[-1].end:
            continue
        if detail := _deadline_at(text, tokens, at):
            found.append(detail)
    return found


def _deadline_at(text: str, tokens: Sequence[_Token], at: int) -> Detail | None:
    return _within(text, tokens, at) or _on_day(tokens, at) or _before(text, tokens, at)


def _within(text: str, tokens: Sequence[_Token], at: int) -> Detail | None:
    """A duration after a word such as "within" or "you have"."""
    start = tokens[at].start
    match = _words().within.match(text, start)
    return _duration(tokens, _after(tokens, match.end()), start) if match else None


def _on_day(tokens: Sequence[_Token], at: int) -> Detail | None:
    """A day with its hour, or one with "to" written onto it."""
    token = tokens[at]
    if day := _day(token.text):
        return _with_hour(tokens, at, token.start, day, alone=False)
    glued = token.text.removeprefix("ل")
    day = _day(glued) if glued != token.text else None
    return _with_hour(tokens, at, token.start, day) if day else None


def _before(text: str, tokens: Sequence[_Token], at: int) -> Detail | None:
    """A day, a date or an hour after a word such as "before"."""
    words, token = _words(), tokens[at]
    if token.text not in words.before or at + 1 >= len(tokens):
        return None
    for place, following in enumerate(tokens[at + 1 : at + 3], at + 1):
        if day := _day(following.text):
            return _with_hour(tokens, place, token.start, day)
        if date := _date(text, following.start, token.start):
            return date
        if following.text not in _DAY_WORDS:
            break
    told = token.text not in words.weak or tokens[at + 1].text in _HOUR
    clock = _clock(tokens, at + 1, token.start) if told else None
    return clock if clock and not _DATE_GOES_ON.match(text, clock.end) else None


def _with_hour(
    tokens: Sequence[_Token], at: int, start: int, day: str, *, alone: bool = True
) -> Detail | None:
    """A day with the hour that is named after it, or the day by itself where it may stand `alone`."""
    named = at + 1 < len(tokens) and tokens[at + 1].text in _HOUR
    if named and (clock := _clock(tokens, at + 1, start)):
        return replace(clock, value=f"{day} {clock.value}")
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
    days = _words().days
    return days.get(word) or days.get(word.removeprefix("ال"))


def _duration(tokens: Sequence[_Token], at: int, start: int) -> Detail | None:
    units = _words().units
    number = _number_at(tokens, at) if at < len(tokens) else None
    unit_at = number.after if number else at
    if unit_at >= len(tokens) or not (unit := units.get(tokens[unit_at].text)):
        return None
    single = 2.0 if _DUAL.search(tokens[unit_at].text) else 1.0
    count = _plain(number.value if number else single)
    value = f"PT{count}{unit[1]}" if unit.startswith("T") else f"P{count}{unit}"
    return Detail(start, tokens[unit_at].end, DetailKind.DEADLINE, value)


def _clock(tokens: Sequence[_Token], at: int, start: int) -> Detail | None:
    """An hour of the day, in ISO 8601 where it is clear which half is meant, else as it is said."""
    named = tokens[at].text in _HOUR
    number = _number_at(tokens, at + named) if at + named < len(tokens) else None
    if number is None or not 1 <= number.value <= 24 or number.value != int(number.value):
        return None
    hour, end = int(number.value), tokens[number.after - 1].end
    after = tokens[number.after] if number.after < len(tokens) else None
    if after and not named and after.text in _words().units and after.text != "h":
        return None
    half = _HALVES.get(after.text.removeprefix("ب").removeprefix("ال")) if after else None
    if half is not None and after and hour <= 12:
        midnight = hour == 12 and after.text.endswith(("ليل", "ليلا", "ليله"))
        return Detail(start, after.end, DetailKind.DEADLINE, f"T{0 if midnight else hour % 12 + half:02d}")
    return Detail(start, end, DetailKind.DEADLINE, f"T{hour:02d}" if hour > 12 else f"{hour} o'clock")
