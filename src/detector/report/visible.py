"""Characters that hide or reorder what a reader sees, shown as visible tokens.

A message may hold U+202E, after which a reader sees the rest backwards, or letters nobody can see. A
report for people shows the code point in place of such a character; JSON Lines keep it verbatim.
"""

import re
from collections.abc import Callable

CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
"""Control characters but tab and line feed, lone surrogates, non-characters."""

REORDERING = r"\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates of the bidirectional algorithm."""

INVISIBLE = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028\u2029\u2060-\u206f\u2800\u3164"
    r"\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Format characters (but the Arabic number signs, which one sees), fillers, tags, line separators."""

DISRUPTIVE = re.compile(f"[{CONTROLS}{REORDERING}]")
HIDDEN = re.compile(f"[{CONTROLS}{REORDERING}{INVISIBLE}]")

_JOINER = "\N{ZERO WIDTH JOINER}"
_PICTURE = re.compile("[\N{VARIATION SELECTOR-16}\u2190-\u2bff\U0001f000-\U0001faff]")


def token(character: str) -> str:
    r"""The code point as one reads it.

    >>> token("\N{RIGHT-TO-LEFT OVERRIDE}")
    '‹U+202E›'
    """
    return f"‹U+{ord(character):04X}›"


def show_disruptive(text: str) -> str:
    r"""The text with tokens for what a table cell cannot hold or what would reorder it.

    Marks and joiners of ordinary Arabic typing (U+200C, U+200F) stay. Windows line ends become plain ones.

    >>> show_disruptive("a\x08b\r\nc")
    'a‹U+0008›b\nc'
    """
    return DISRUPTIVE.sub(lambda found: token(found[0]), text.replace("\r\n", "\n"))


def show_hidden(text: str, show: Callable[[str], str] = token) -> str:
    r"""The text with a token for every character that one would not see.

    The joiner inside an emoji of several (a family, a profession) stays, as it is what draws the picture.
    `show` makes the token of one character.

    >>> show_hidden("ab\N{ZERO WIDTH SPACE}c")
    'ab‹U+200B›c'
    """

    def replace(found: re.Match[str]) -> str:
        return found[0] if _joins_pictures(found) else show(found[0])

    return HIDDEN.sub(replace, text.replace("\r\n", "\n"))


def _joins_pictures(found: re.Match[str]) -> bool:
    if found[0] != _JOINER or not 0 < found.start() < len(found.string) - 1:
        return False
    before, after = found.string[found.start() - 1], found.string[found.end()]
    return bool(_PICTURE.match(before) and _PICTURE.match(after))
