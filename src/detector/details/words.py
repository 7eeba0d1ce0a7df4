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
    r"(?P<number>\d{1,3}(?: \d{3})+(?!\d)|\d(?: \d){2,}(?!\d)|\d+(?:[.,']\d+)+|\d{2,}|\d(?![a-z]{2}))"
    r"|(?P<minutes>:[0-5]\d(?!\d))|(?P<sign>[$€]"
    r"|(?<!\w)(?:(?:usd|eur|iqd|aed|kwd|qar|egp|dzd|tnd)(?= ?\d)|ريال(?=\d)))"
    r"|(?P<word>\d?[a-z][a-z0-9']*|[\u0621-\u064a]+)"
)
"""A currency's sign or code is one where a number follows."""
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+\.\d+")
_PREFIXES = ("وال", "بال", "ال", "و", "ب", "ل", "ف", "d")
_AND = frozenset(("و", "w", "u", "ou"))
_OF = frozenset(("d", "dyal", "د", "ديال"))
"""What Moroccans say between a number and its thousands or millions."""
_GLUED = frozenset(("da", "bd"))
"""Currencies that are words too: they must be written onto the number, or the sum be asked for."""
ORNAMENT = re.compile(r"[\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]{0,3} ?")
"""What may stand between a number and its currency, or "before" and an hour: emoji and a space."""
_BY = re.compile(r"(?:علي|ع|عال|ب|بال|3la|3al|b|via|par|sur)? ?")
"""What may stand between a sum and the way it is to be paid."""
MOST_DIGITS = 15
DUAL = re.compile(r"[ترمع]ين$|(?<=\w)[trm](?:e|i|ai|ei)n$")


@dataclass(frozen=True, slots=True)
class Token:
    """A number, word or sign of a text, with the code points from where to where it stands."""

    text: str
    start: int
    end: int
    is_number: bool
    is_sign: bool
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
    paper: re.Pattern[str]
    things: re.Pattern[str]
    pay: frozenset[str]
    channels: list[tuple[re.Pattern[str], str]]
    before: re.Pattern[str]
    weak: re.Pattern[str]
    then: frozenset[str]
    within: re.Pattern[str]
    many: frozenset[str]
    moments: list[tuple[re.Pattern[str], str]]
    hours: dict[str, float]
    units: dict[str, str]
    days: dict[str, str]
    parts: dict[str, str]
    halves: dict[str, int]


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(patterns, key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(longest_first)})(?!\w)")


def _named(patterns: Iterable[str]) -> re.Pattern[str]:
    """A name as a whole word, with or without the article and what is written onto it."""
    return re.compile(rf"(?<!\w)(?:ال|بال|عال|فال|وال|لل|[وبعفل])?{_any_of(patterns).pattern}")


def _follows(patterns: Iterable[str]) -> re.Pattern[str]:
    """One of these words after a space."""
    return re.compile(rf" {_any_of(patterns).pattern}")


def _with_more(patterns: Iterable[str], more: Iterable[str]) -> re.Pattern[str]:
    """One of some words, and behind it any number of some others."""
    return re.compile(rf"{_any_of(patterns).pattern}(?:{_follows(more).pattern})*")


def _by_spelling(table: dict[str, list[str]]) -> dict[str, str]:
    return {spelling: name for name, spellings in table.items() for spelling in spellings}


@cache
def words() -> _Words:
    """What `words.toml` holds."""
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
        paper=_follows(table["things"]["paper"]),
        things=_follows(table["things"]["counted"]),
        pay=frozenset(table["pay"]["words"]),
        channels=[(_named(patterns), name) for name, patterns in table["channels"].items()],
        before=_any_of(table["deadlines"]["before"] + table["deadlines"]["weak"]),
        weak=_any_of(table["deadlines"]["weak"]),
        then=frozenset(table["deadlines"]["then"]),
        within=_with_more(table["deadlines"]["within"], table["deadlines"]["only"]),
        many=frozenset(table["deadlines"]["many"]),
        moments=[(_any_of(patterns), name) for name, patterns in table["moments"].items()],
        hours={word: float(hour) for word, hour in _by_spelling(table["hours"]).items()},
        units=_by_spelling(table["units"]),
        days=_by_spelling(table["days"]),
        parts=_by_spelling(table["parts"]),
        halves={word: int(hours) for word, hours in _by_spelling(table["halves"]).items()},
    )


def tokens_of(text: str) -> list[Token]:
    """The numbers, words and signs of a text, in order."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        follows = bool(found) and not text[found[-1].end : match.start()].strip()
        kind = match.lastgroup
        found.append(Token(match[0], match.start(), match.end(), kind == "number", kind == "sign", follows))
    return found


def _known(word: str, table: dict[str, float]) -> float | None:
    """The value of a word, with or without what is written onto its front."""
    if word in table:
        return table[word]
    bare = (word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix))
    return next((table[one] for one in bare if one in table), None)


def _literal(written: str) -> float | None:
    """Digits with separators: groups of three are thousands, a single separator else is a decimal one.

    Spaces only set groups apart, as in "1 000 000", or every digit, as in "5 0 0".

    None for what is no number of things: dates, versions, and more digits than a number is exact with.

    >>> _literal("1,500"), _literal("5.000.000"), _literal("3,5"), _literal("0.125"), _literal("12.03.2024")
    (1500.0, 5000000.0, 3.5, 0.125, None)
    """
    if _GROUPED.fullmatch(written):
        return float(written.replace(",", ""))
    parts = re.split(r"[.,']", written.replace(" ", ""))
    if sum(map(len, parts)) > MOST_DIGITS:
        return None
    if len(parts) > 1 and parts[0].strip("0") and all(len(part) == 3 for part in parts[1:]):
        return float("".join(parts))
    return float(".".join(parts)) if len(parts) <= 2 else None


def number_at(tokens: Sequence[Token], at: int) -> _Number | None:
    """The number that begins with a token, in digits and words: `خمس ميه الف`, `3,5 مليون`, `مليون ونص`."""
    known = words()
    total, current, scale, begin, counted = 0.0, None, 1.0, at, False
    while at < len(tokens) and (at == begin or tokens[at].follows):
        token = tokens[at]
        if token.text in _AND and begin < at < len(tokens) - 1:
            if _value(tokens[at + 1], known) is None:
                break
            at += 1
            continue
        if (
            token.text in _OF
            and begin < at < len(tokens) - 1
            and (_multiplier(tokens, at + 1, known) or 0) > 100
        ):
            at += 1
            continue
        value, multiplier = _value(token, known), _multiplier(tokens, at, known)
        if multiplier and (multiplier > 100 or (current is not None and 2 <= current <= 9)):
            counted = counted or current is not None
            current = (1.0 if current is None else current) * multiplier
            if multiplier > 100:
                total, scale, current = total + current, multiplier, None
        elif value is None or (multiplier is None and len(token.text) == 1 and not token.is_number):
            break
        elif value < 1 and at > begin and (total or scale > 1):
            total, counted = total + value * scale, True
        elif current is not None and _stands_apart(tokens, at):
            break
        elif current is None or (not token.is_number and (value < current or current < 10 <= value < 100)):
            current, counted = (current or 0.0) + value, True
            scale = _scale(value) if not token.is_number and value >= 1000 else scale
        else:
            break
        at += 1
    whole = total + (current or 0.0)
    return _Number(whole, at, large=counted and scale > 1) if at > begin else None


def _stands_apart(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word behind digits is not joined to them by "and": `70000123 mitin`."""
    word = tokens[at].text
    return tokens[at - 1].is_number and (not word.startswith("و") or word in words().numbers)


def _scale(value: float) -> float:
    return 1e6 if value >= 1e6 else 1e3


def _multiplier(tokens: Sequence[Token], at: int, words: _Words) -> float | None:
    """What the token multiplies by; a lone letter does so only where it is written onto a number: `5k`."""
    token = tokens[at]
    if token.is_number:
        return None
    if len(token.text) == 1 and not (at and tokens[at - 1].is_number and tokens[at - 1].end == token.start):
        return None
    return _known(token.text, words.multipliers)


def _value(token: Token, words: _Words) -> float | None:
    if token.is_number:
        return _literal(token.text)
    value = _known(token.text, words.numbers)
    return _known(token.text, words.multipliers) if value is None else value


def plain(value: float) -> str:
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
    tokens, found, at = tokens_of(text), [], 0
    while at < len(tokens):
        detail, after = _amount_at(text, tokens, at)
        if detail:
            found.append(detail)
        at = max(after, at + 1)
    return found


def _amount_at(text: str, tokens: Sequence[Token], at: int) -> tuple[Detail | None, int]:
    known = words()
    begin = at
    sign = tokens[at].text if tokens[at].is_sign else None
    if sign:
        at += 1
    number = number_at(tokens, at) if at < len(tokens) else None
    if number is None:
        return _dual_slang(text, tokens, begin), begin + 1
    if not number.value:
        return None, number.after
    start, end = tokens[begin].start, tokens[number.after - 1].end
    ornament = ORNAMENT.match(text, end)
    rest = ornament.end() if ornament else end
    asked = any(_bare(one.text) in known.pay for one in tokens[max(0, begin - 2) : begin])
    if slang := _in_slang(text, tokens, rest, number.value):
        return replace(slang[0], start=start), slang[1]
    for pattern, currency in known.currencies:
        match = pattern.match(text, rest) or (pattern.match(sign) if sign else None)
        if match and (match[0] not in _GLUED or sign or asked or rest == end):
            stop = end if sign else match.end()
            detail = Detail(start, stop, DetailKind.AMOUNT, f"{plain(number.value)} {currency}")
            return detail, token_after(tokens, stop)
    counts = number.large or ((asked or _is_channel(text, rest)) and number.value >= 100)
    if counts and not known.things.match(text, end):
        return Detail(start, end, DetailKind.AMOUNT, plain(number.value)), number.after
    return None, number.after


def _in_slang(text: str, tokens: Sequence[Token], at: int, number: float) -> tuple[Detail, int] | None:
    """A number of notes or bundles, as slang counts money, whose word stands at a position."""
    for pattern, worth, currency in words().slang:
        if (match := pattern.match(text, at)) and not words().paper.match(text, match.end()):
            half, after = part_more(tokens, token_after(tokens, match.end()))
            stop = tokens[after - 1].end if half else match.end()
            value = f"{plain((number + half) * worth)} {currency}".strip()
            return Detail(at, stop, DetailKind.AMOUNT, value), after
    return None


def _is_channel(text: str, at: int) -> bool:
    """Whether a way of paying is named from here on, with or without "by" or "to"."""
    by = _BY.match(text, at)
    return any(
        pattern.match(text, place)
        for pattern, _ in words().channels
        for place in {at, by.end() if by else at}
    )


def _dual_slang(text: str, tokens: Sequence[Token], at: int) -> Detail | None:
    token = tokens[at]
    for pattern, worth, currency in words().slang:
        named = DUAL.search(token.text) and pattern.fullmatch(token.text)
        if named and not words().paper.match(text, token.end):
            half, after = part_more(tokens, at + 1)
            value = f"{plain(worth * (1 + half / 2))} {currency}".strip()
            return Detail(token.start, tokens[after - 1].end, DetailKind.AMOUNT, value)
    return None


def part_more(tokens: Sequence[Token], at: int) -> tuple[float, int]:
    """The half or quarter that is said after a unit, as in "an hour and a half", and the token after it."""
    apart = at + 1 < len(tokens) and tokens[at].text in _AND
    word = tokens[at + apart].text if at + apart < len(tokens) else ""
    part = words().numbers.get(word if apart else word.removeprefix("و") if word.startswith("و") else "")
    return (part, at + apart + 1) if part is not None and part < 1 else (0.0, at)


def token_after(tokens: Sequence[Token], position: int) -> int:
    """The place of the first token that begins at a position or behind it."""
    return bisect_left(tokens, position, key=lambda token: token.start)


def _bare(word: str) -> str:
    return word.removeprefix("و").removeprefix("ف") if len(word) > 3 else word


def channels_of(text: str) -> list[Detail]:
    """Ways of paying that are named, by their common English name."""
    return without_overlaps(
        Detail(match.start(), match.end(), DetailKind.CHANNEL, name)
        for pattern, name in words().channels
        for match in pattern.finditer(text)
    )
