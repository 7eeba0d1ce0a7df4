"""UTF-8 whose bytes were taken for letters of Latin-1, or of Windows-1252, put right.

Instagram and Messenger write their exports so, and people who save a table in the wrong encoding do.
`ftfy` changes text that is right (curly quotes, full-width digits), which evidence must not suffer.
"""

import re

REPAIRED = "text was UTF-8 read as Latin-1; repaired"
DAMAGED = "text looks like UTF-8 read as Latin-1, but is damaged: left as it is"

_ARABIC = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")
_CONTROL = re.compile("[\x80-\x9f]")
"""What stands in every Arabic letter that was taken so, and in no text of people's."""
_UNDEFINED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_BYTES = {ord(bytes([one]).decode("cp1252")): one for one in range(0x80, 0xA0) if one not in _UNDEFINED}
"""Letters of Windows-1252 that have another number in Unicode; all others are those of Latin-1."""


def repaired(text: str) -> str | None:
    """The text that was meant; None where it is not UTF-8 taken for something else.

    >>> repaired("Ù…Ø±Ø­Ø¨Ø§")
    'مرحبا'
    >>> repaired("café") is None
    True
    """
    if text.isascii():
        return None
    try:
        return bytes(_BYTES.get(ord(letter), ord(letter)) for letter in text).decode()
    except ValueError:
        return None


def damaged(text: str) -> bool:
    """Whether a text that cannot be repaired was UTF-8 all the same, as one that was cut in a letter."""
    return len(_CONTROL.findall(text)) > 1


def meant(text: str) -> tuple[str, tuple[str, ...]]:
    """A text, repaired where it was Arabic in UTF-8 taken so, and what to warn of."""
    right = repaired(text)
    if right is None:
        return text, (DAMAGED,) if damaged(text) else ()
    return (right, (REPAIRED,)) if _ARABIC.search(right) else (text, ())
