"""Phone numbers, handles, wallet addresses and account numbers, in the original text."""

import re
import unicodedata
from collections.abc import Iterator

import phonenumbers

from detector.records import Detail, DetailKind

REGIONS = (
    "IQ",
    "SA",
    "KW",
    "AE",
    "QA",
    "BH",
    "OM",
    "YE",
    "EG",
    "SD",
    "SY",
    "LB",
    "JO",
    "PS",
    "MA",
    "DZ",
    "TN",
    "LY",
)
"""Countries whose national numbers are tried where a number has no country code."""

_HANDLE = re.compile(
    r"(?<![\w@.])@(?P<at>[A-Za-z_][\w.]{2,29})"
    r"|(?:(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|wa\.me|instagram\.com|snapchat\.com/add|facebook\.com|fb\.com"
    r"|tiktok\.com/@?)/(?P<page>[\w.+-]{3,60}))"
    r"|(?:\b(?:snap|insta|ig|telegram|tele|سناب|انستا|انستغرام|تيليجرام|تلجرام|تيلي|تلي)\s*[:：]\s*(?P<said>[A-Za-z_][\w.]{2,29}))",
    re.IGNORECASE,
)
_WALLET = re.compile(
    r"\b(?:(?P<bitcoin>[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})"
    r"|(?P<tron>T[1-9A-HJ-NP-Za-km-z]{33})|(?P<ethereum>0x[0-9A-Fa-f]{40}))\b"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_YEARS = re.compile(r"\d{4} ?- ?\d{4}")
_DIGITS = re.compile(r"[\d\N{ARABIC-INDIC DIGIT ZERO}-\N{ARABIC-INDIC DIGIT NINE}]{7,}")


def references_of(text: str) -> list[Detail]:
    """Phone numbers, handles, wallets and IBANs of an original text, in order of their place.

    Phone numbers come in E.164 where the country is written or only one country has such a number, else as
    their digits. Source: ITU-T E.164; ISO 13616 for the IBAN's check digits.
    """
    found = [*_phones(text), *_handles(text), *_wallets(text), *_ibans(text)]
    return _without_overlaps(found)


def _without_overlaps(found: list[Detail]) -> list[Detail]:
    """The longest of those that overlap, in order."""
    kept: list[Detail] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _western(text: str) -> str:
    """Digits of any script as 0 to 9, one character for one."""
    return "".join(
        str(unicodedata.digit(c)) if c.isdigit() and unicodedata.digit(c, None) is not None else c
        for c in text
    )


def _phones(text: str) -> Iterator[Detail]:
    if not _DIGITS.search(re.sub(r"[\s().-]", "", text)):
        return
    plain = _western(text)
    matches: dict[tuple[int, int], set[str]] = {}
    for region in (None, *REGIONS):
        strict = phonenumbers.Leniency.VALID if region else phonenumbers.Leniency.POSSIBLE
        for match in phonenumbers.PhoneNumberMatcher(plain, region, leniency=strict):
            written = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            matches.setdefault((match.start, match.end), set()).add(written)
    for (start, end), numbers in matches.items():
        if _YEARS.fullmatch(plain[start:end]):
            continue
        local = plain[start:end].lstrip().startswith(("0", "+")) or len(numbers) == 1
        if local:
            value = next(iter(numbers)) if len(numbers) == 1 else re.sub(r"\D", "", plain[start:end])
            yield Detail(start, end, DetailKind.PHONE, value)


def _handles(text: str) -> Iterator[Detail]:
    for match in _HANDLE.finditer(text):
        name = next(value for value in match.groupdict().values() if value)
        yield Detail(match.start(), match.end(), DetailKind.HANDLE, name.rstrip("."))


def _wallets(text: str) -> Iterator[Detail]:
    for match in _WALLET.finditer(text):
        yield Detail(match.start(), match.end(), DetailKind.CHANNEL, f"{match.lastgroup} address")


def _ibans(text: str) -> Iterator[Detail]:
    for match in _IBAN.finditer(text):
        compact = match[0].replace(" ", "")
        digits = "".join(str(int(c, 36)) for c in compact[4:] + compact[:4])
        if int(digits) % 97 == 1:
            yield Detail(match.start(), match.end(), DetailKind.CHANNEL, "IBAN")
