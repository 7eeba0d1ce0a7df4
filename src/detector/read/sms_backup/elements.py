"""An element of a backup as a message: an SMS, an MMS with its parts and addresses, or a call."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from detector.read.mojibake import repaired
from detector.read.sms_backup.references import Repair
from detector.read.source import NOT_UTF8, OWNER, InputFile
from detector.read.timestamps import DATE_NOT_UNDERSTOOD, epoch_iso
from detector.records import Kind, Message, Source

RECEIVED, SENT = "1", "2"
NOT_SENT = {
    "3": "a draft: it was never sent",
    "4": "it was in the outbox: not sent yet",
    "5": "sending it failed",
    "6": "it was waiting to be sent",
}
DIRECTION_UNKNOWN = "it is not told whether this was received or sent"
NOT_FETCHED = "the phone had only been told of this message, not fetched it"
NOTIFICATION = "130"

INCOMING_CALLS = frozenset({"1", "3", "4", "5", "6", "7"})
"""Answered, missed, to voicemail, rejected, blocked, answered on another device (Android's `CallLog`)."""

FROM = "137"
OWN_TOKEN = "insert-address-token"  # noqa: S105
NOBODY = frozenset({"", "null"})
UNKNOWN_NAMES = frozenset({"", "null", "(Unknown)"})
LAYOUT = "application/smil"
TEXT = "text/plain"
MARKS_IN_NUMBER = re.compile(r"[\s().\u200b-\u200f\u202a-\u202e\u2066-\u2069-]")
NUMBER = re.compile(r"\+?[0-9*#]{3,}")

Attributes = Mapping[str, str]


@dataclass(slots=True)
class Element:
    """What was read of an element: its attributes, and those of the parts and addresses in it."""

    name: str
    place: str
    given: Attributes
    parts: list[Attributes] = field(default_factory=list)
    addresses: list[Attributes] = field(default_factory=list)
    repairs: set[Repair] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Phone:
    """The file that is read, the declared zone, and the names of threads that were seen."""

    source: InputFile
    zone: ZoneInfo | None
    names: dict[str, str] = field(default_factory=dict)

    def message(self, element: Element) -> Message:
        """The message that an element holds."""
        sender, direction, told = _between(element)
        warnings = [*sorted(one.value for one in element.repairs), *told]
        sent_at = self._sent_at(element)
        if sent_at is None:
            warnings.append(DATE_NOT_UNDERSTOOD)
        text = _text(element)
        if "\N{REPLACEMENT CHARACTER}" in text and Repair.REPLACED not in element.repairs:
            warnings.append(NOT_UTF8)
        files = [part for part in element.parts if _is_file(part)]
        return Message(
            text=text,
            thread=self._thread(element),
            sender=sender,
            sent_at=sent_at,
            kind=_kind(element, text),
            attachment=_file_name(files[0]) if files else None,
            direction=direction,
            source=Source(self.source.name, self.source.sha256, element.place, warnings=tuple(warnings)),
        )

    def _sent_at(self, element: Element) -> str | None:
        """When a message was sent or came in, in UTC or the declared zone."""
        written = element.given.get("date", "")
        return epoch_iso(int(written), self.zone) if re.fullmatch(r"[0-9]{1,19}", written) else None

    def _thread(self, element: Element) -> str | None:
        """What tells a thread from all others, for people: its numbers, and the name in the contacts."""
        numbers = ", ".join(sorted(set(_others(element))))
        if not numbers:
            return None
        name = element.given.get("contact_name", "")
        if name not in UNKNOWN_NAMES and name != numbers:
            self.names.setdefault(numbers, name)
        return f"{self.names[numbers]} ({numbers})" if numbers in self.names else numbers


def plain_number(address: str) -> str:
    """A phone number as it is dialled, with + before the code of its country; other addresses as they are.

    >>> plain_number("00963 900-000-001"), plain_number("Bank Info")
    ('+963900000001', 'Bank Info')
    """
    dialled = MARKS_IN_NUMBER.sub("", address)
    if not NUMBER.fullmatch(dialled):
        return address.strip()
    return f"+{dialled[2:]}" if dialled.startswith("00") else dialled


def _others(element: Element) -> Iterator[str]:
    """The addresses of those whom the owner of the phone wrote with."""
    written = element.given.get("number" if element.name == "call" else "address", "")
    for address in written.split("~") if element.name == "mms" else [written]:
        if address.strip() not in NOBODY | {OWN_TOKEN}:
            yield plain_number(address)


def _between(element: Element) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Who sent a message, in which direction it went, and what to warn of."""
    box = element.given.get("msg_box" if element.name == "mms" else "type", "")
    if element.name == "call":
        box = RECEIVED if box in INCOMING_CALLS else box if box == SENT else ""
    if box == RECEIVED:
        told = (NOT_FETCHED,) if element.given.get("m_type") == NOTIFICATION else ()
        return _sender(element), "received", told
    if box == SENT:
        return OWNER, "sent", ()
    if box in NOT_SENT:
        return OWNER, None, (NOT_SENT[box],)
    return None, None, (DIRECTION_UNKNOWN,)


def _sender(element: Element) -> str | None:
    """Who sent what came in; None in a group where it is not told."""
    senders = [one.get("address", "").strip() for one in element.addresses if one.get("type") == FROM]
    named = next((one for one in senders if one not in NOBODY | {OWN_TOKEN}), None)
    if named:
        return plain_number(named)
    others = list(_others(element))
    return others[0] if len(others) == 1 else None


def _text(element: Element) -> str:
    """The words of a message; those of an MMS are its subject and its parts of text, a line each."""
    if element.name != "mms":
        return _said(element.given.get("body"))
    subject = _said(element.given.get("sub"))
    texts = [_said(part.get("text")) for part in element.parts if _type(part) == TEXT]
    return "\n".join(one for one in (repaired(subject) or subject, *texts) if one)


def _said(written: str | None) -> str:
    """A value, empty where the app wrote "null" for none."""
    return "" if written is None or written == "null" else written


def _kind(element: Element, text: str) -> Kind:
    if element.name == "call":
        return Kind.CALL
    return Kind.MEDIA if element.name == "mms" and not text else Kind.TEXT


def _type(part: Attributes) -> str:
    return part.get("ct", "").partition(";")[0].strip().lower()


def _is_file(part: Attributes) -> bool:
    """Whether a part is neither words nor the layout of the others."""
    return not (_type(part) == LAYOUT or (_type(part) == TEXT and _said(part.get("text"))))


def _file_name(part: Attributes) -> str | None:
    """The name that a part gives its file, without folders."""
    names = (_said(part.get(key)) for key in ("name", "fn", "cl"))
    return next((PurePosixPath(name).name or None for name in names if name), None)
