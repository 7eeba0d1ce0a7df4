"""Phone numbers, handles, wallet addresses and account numbers, in the original text."""

import re
import unicodedata
from collections.abc import Iterator

import phonenumbers

from detector.details.overlaps import without_overlaps
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

_SITES = (
    r"(?:ع?ال)?(?:سنابي?|انستا|انستي|انستغرام|انستجرام|تيليجرام|تيليغرام|تلجرام|تلغرام|تلقرام|تيلي|تلي"
    r"|تيك ?توك)"
)
_HANDLE = re.compile(
    r"(?<![\w@.])@(?P<at>[A-Za-z_][\w.]{2,29})"
    r"|(?:(?:https?://|(?<![\w.-]))(?:www\.)?(?:wa\.me/\+?(?P<number>[1-9]\d{7,14})\b|(?:(?:t\.me|telegram\.me"
    r"|instagram\.com|snapchat\.com/add|facebook\.com|fb\.com)/|tiktok\.com/@)(?P<page>[\w.+-]{3,60})))"
    rf"|(?:\b(?:snap|insta|ig|telegram|tele|{_SITES})\s*[:：]\s*(?P<said>[A-Za-z_][\w.]{{2,29}}))"
    rf"|(?:\b{_SITES} (?P<named>(?=[\w.]*[\d_])[A-Za-z_][A-Za-z0-9_.]{{3,29}})(?!\w))",
    re.IGNORECASE,
)
_WALLET = re.compile(
    r"\b(?:(?P<bitcoin>[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})"
    r"|(?P<tron>T[1-9A-HJ-NP-Za-km-z]{33})|(?P<ethereum>0x[0-9A-Fa-f]{40}))\b"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_ALONE, _WHOLE = r"(?<![A-Za-z0-9_.+/-])", r"(?![A-Za-z0-9_/]|[.-]\d)"
"""No more of a number, name or date stands before and behind; Arabic letters are written onto numbers."""
_INTERNATIONAL = re.compile(rf"(?<![A-Za-z0-9_.+])(?:\+|00)[1-9](?:[ ()-]{{0,2}}\d){{7,13}}{_WHOLE}")
_NATIONAL = re.compile(rf"{_ALONE}\(?0[1-9](?:[ .()-]{{0,2}}\d){{7,9}}{_WHOLE}")
_BARE = re.compile(rf"{_ALONE}[29]\d{{10,12}}\+?{_WHOLE}")
"""With a country code and no sign for it, or the sign behind, where writing from right to left put it."""
_SAID = re.compile(
    r"(?:رقمي|نمرتي|واتسا?ب?ي?|رقم (?:ال)?(?:واتس|هاتف|جوال|تلفون|موبايل)\w*"
    r"|\b(?:ra?[29q]mi|numero|nemra|whatsapp|wts))"
    r"\s?[:：]?\s?(?P<number>\d(?:[ -]?\d){7,8})(?![\w/]|[ .-]\d)",
    re.IGNORECASE,
)
"""After the words for one, also without a leading zero: `رقمي 770000123`."""
_DIGITS = r"\d²³¹⁰-₉①-⓿❶-➓🄀-🄊"
_NOT_WESTERN = re.compile(f"(?![0-9])[{_DIGITS}]")
_SIGNAL = re.compile(f"[{_DIGITS}@_/:：]|[A-Za-z]{{25}}")
"""What every one of these has one of; most messages have none, and are not searched."""


def references_of(text: str) -> list[Detail]:
    """Phone numbers, handles, wallets and IBANs of an original text, in order of their place.

    Source: ITU-T E.164; ISO 13616 for the IBAN's check digits.
    """
    if not _SIGNAL.search(text):
        return []
    found = [*_phones(text), *_handles(text), *_wallets(text), *_ibans(text)]
    return without_overlaps(found)


def _western(text: str) -> str:
    """Decimal digits of any script, raised, lowered and circled ones as 0 to 9, one character for one."""
    return _NOT_WESTERN.sub(lambda match: str(unicodedata.digit(match[0], match[0])), text)


def _phones(text: str) -> Iterator[Detail]:
    """Numbers with a country code, in E.164, and those beginning with 0 that `REGIONS` have, as digits.

    Without the code the country is not known, and none is made up.
    """
    plain = _western(text)
    for match in _INTERNATIONAL.finditer(plain):
        number = _parsed("+" + re.sub(r"\D", "", match[0]).removeprefix("00"), None)
        if number and phonenumbers.is_possible_number(number):
            written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            yield Detail(match.start(), match.end(), DetailKind.PHONE, written)
    for match in _BARE.finditer(plain):
        number = _parsed("+" + match[0].removesuffix("+"), None)
        if number and phonenumbers.is_valid_number(number) and _region(number) in REGIONS:
            written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            yield Detail(match.start(), match.end(), DetailKind.PHONE, written)
    for match in _NATIONAL.finditer(plain):
        if digits := _national(match[0]):
            yield Detail(match.start(), match.end(), DetailKind.PHONE, digits)
    for match in _SAID.finditer(plain):
        if digits := _national(match["number"]):
            yield Detail(*match.span("number"), DetailKind.PHONE, digits)


def _national(written: str) -> str | None:
    """The digits of a number that one of `REGIONS` has."""
    digits = re.sub(r"\D", "", written)
    numbers = (_parsed(digits, region) for region in REGIONS)
    return digits if any(one and phonenumbers.is_valid_number(one) for one in numbers) else None


def _region(number: phonenumbers.PhoneNumber) -> str | None:
    region: str | None = phonenumbers.region_code_for_number(number)
    return region


def _parsed(written: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None


def _handles(text: str) -> Iterator[Detail]:
    for match in _HANDLE.finditer(text):
        if number := match["number"]:
            yield Detail(match.start(), match.end(), DetailKind.PHONE, f"+{_western(number)}")
            continue
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
