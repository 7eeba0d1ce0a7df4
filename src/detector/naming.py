"""Names that mean one thing in a scan: ids of messages, and threads of different exhibits."""

import re
from collections.abc import Iterator
from dataclasses import replace

from detector.read import Format
from detector.records import Message, Source

OF_A_PHONE = frozenset({Format.SMS_BACKUP, Format.SQLITE, Format.TELEGRAM})
"""Formats whose threads bear the names of contacts."""


class Names:
    """Gives messages their names in the order in which they come; it keeps the ids that they bring along."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._next: dict[str, int] = {}
        self._files: set[str] = set()
        self._repeated = 0
        self._exhibits: dict[str, str] = {}
        self._told_apart: set[str] = set()

    def given(self, message: Message, kind: Format) -> Message:
        """The message of an input in that format, with an id and a thread of its own."""
        return self._identified(self._apart(message, kind))

    def notes(self) -> Iterator[str]:
        """What was named otherwise than in the input."""
        if self._told_apart:
            yield (
                f"{len(self._told_apart)} threads have the name of one in another file or folder; their own "
                "file or folder stands in brackets behind it."
            )
        if self._repeated:
            yield f"{self._repeated} messages had an id that is another's; they got #2, #3, …"

    def _apart(self, message: Message, kind: Format) -> Message:
        """The message, its thread told from one that has the same name in another exhibit.

        In exports of a phone or an account a chat has the contact's name, which other phones have too, and
        whoever owned the phone is "me" in all of them.
        """
        if kind not in OF_A_PHONE or message.thread is None or message.source is None:
            return message
        exhibit = _exhibit(message.source.file, kind)
        if self._exhibits.setdefault(message.thread, exhibit) == exhibit:
            return message
        self._told_apart.add(named := f"{message.thread} [{exhibit}]")
        return replace(message, thread=named)

    def _identified(self, message: Message) -> Message:
        """The message with an id: its own, else its place; one that is taken gets `#2`."""
        source = message.source or Source("", "", "")
        self._files.add(source.file)
        name = message.id or f"{source.file}:{source.locator}"
        if name in self._ids or (message.id and self._is_a_place(name)):
            name = self._again(name)
        if message.id:
            self._ids.add(name)
        return message if name == message.id else replace(message, id=name)

    def _is_a_place(self, name: str) -> bool:
        """Whether an id that a message brings may be the place of one without an id."""
        return any(name[:at] in self._files for at, sign in enumerate(name) if sign == ":")

    def _again(self, name: str) -> str:
        """An id for a message whose own is another's."""
        self._repeated += 1
        number = self._next.get(name, 2)
        while (again := f"{name}#{number}") in self._ids:
            number += 1
        self._next[name] = number + 1
        return again


def _exhibit(file: str, kind: Format) -> str:
    """What the chats of a file belong to: a database stands alone, parts of an export share a folder."""
    return file if kind is Format.SQLITE else re.split(r"[/\\!](?=[^/\\!]*$)", file)[0]
