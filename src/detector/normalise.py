"""A message's text as the model reads it, with the way back to the original code points.

The stages run in a fixed order; each is either a *fold* (text to text of the same length) or an *edit*
(text to the list of its replacements), so that every character of the result knows the code points it
came from. CAMeL Tools does what it does well (Unicode repair, letter variants, alef, yeh and teh
marbuta); the evasions it has no answer to are undone here.

CAMeL's `arclean` is used letter by letter and only for what it maps to one character: on whole strings
it deletes emoji, accents and the sign of the rial, and turns a zero-width character inside a word into
a space.

A model is only as good as the text it was trained on looks like the text it scores, so a model's
manifest names the `NORMALISER_VERSION` it was trained with, and loading refuses another.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from camel_tools.utils.charmap import CharMapper
from camel_tools.utils.normalize import (
    normalize_alef_ar,
    normalize_alef_maksura_ar,
    normalize_teh_marbuta_ar,
    normalize_unicode,
)

from detector.edits import Edit
from detector.respell import respell

NORMALISER_VERSION = 4
"""Raised whenever any text would come out differently."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """Text for the model. Character `i` came from the original's code points `starts[i]:ends[i]`.

    `whole` is whether it is all of the original, not cut at the wanted length.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    whole: bool = True

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Original start and end of the non-empty slice `start:end` of the normalised text."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str, *, respelling: bool = True, longest: int | None = None) -> Normalised:
    """Normalise one message; every evasion listed in the stages' docstrings is undone.

    Without `respelling` words stay as they are spelt: for rules that know spellings of their own, and for
    counting what people write. Of what has more than `longest` characters when ligatures are written out
    (one may be nineteen) only the beginning is normalised.

    >>> normalise("ادفـــع ٥٠٠").text
    'ادفع 500'
    >>> normalise("ف.ل.و.س").original(0, 4)
    (0, 7)
    """
    starts: Sequence[int] = range(len(text))
    ends: Sequence[int] = range(1, len(text) + 1)
    plain, whole = _PLAIN.fullmatch(text) is not None, True
    for stage in _STAGES:
        if (plain and stage in _OF_RARE_SIGNS) or (stage is respell and not respelling):
            continue
        edits = stage(text)
        if isinstance(edits, str):
            text = edits
        elif edits:
            text, starts, ends = _apply(edits, text, starts, ends)
        if longest is not None and len(text) > longest:
            text, starts, ends, whole = text[:longest], starts[:longest], ends[:longest], False
    return Normalised(text, starts, ends, whole)


def _apply(
    edits: list[Edit], text: str, starts: Sequence[int], ends: Sequence[int]
) -> tuple[str, list[int], list[int]]:
    """Carry out edits that are in order and do not overlap, and keep the way back."""
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for edit in edits:
        pieces += (text[at : edit.start], edit.new)
        new_starts += starts[at : edit.start]
        new_ends += ends[at : edit.start]
        if edit.new:
            new_starts += [starts[edit.start]] * len(edit.new)
            new_ends += [ends[edit.end - 1]] * len(edit.new)
        at = edit.end
    pieces.append(text[at:])
    new_starts += starts[at:]
    new_ends += ends[at:]
    return "".join(pieces), new_starts, new_ends


def _substitutions(pattern: re.Pattern[str], text: str, new: Callable[[str], str]) -> list[Edit]:
    """Edits that replace each match by `new(match)`, leaving out those that change nothing."""
    found = ((match.start(), match.end(), match[0]) for match in pattern.finditer(text))
    return [Edit(start, end, made) for start, end, old in found if (made := new(old)) != old]


# --- Unicode ------------------------------------------------------------------------------------------


_BASMALA = "\ufdfd"
"""A ligature that NFKC keeps and CAMeL Tools writes out."""


@cache
def _combining_sequence() -> re.Pattern[str]:
    """One character with the combining marks that follow it."""
    marks = (chr(c) for c in range(0x300, 0x3100) if unicodedata.combining(chr(c)))
    return re.compile(".[" + "".join(marks) + "]*", re.DOTALL)


def compose(text: str) -> list[Edit]:
    """Compatibility forms and split letters (NFKC): presentation forms, full-width digits, ligatures.

    Done before the letter stages, which would otherwise drop what they do not know: the rial sign
    becomes its word, a fraction its digits. Applied to one combining sequence at a time, which gives
    what the whole string gives.

    Source: `camel_tools.utils.normalize.normalize_unicode`; Unicode Standard Annex 15.
    """
    if text.isascii() or (unicodedata.is_normalized("NFKC", text) and _BASMALA not in text):
        return []
    return _substitutions(_combining_sequence(), text, normalize_unicode)


# --- Characters nobody sees ---------------------------------------------------------------------------

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_PLAIN = re.compile("[\n -~\u0621-\u063a\u0641-\u064a\u060c\u061b\u061f\u0660-\u0669]*")
"""Text of nothing but letters, digits and common punctuation: most messages."""
_MARKS = re.compile(
    "[\u0640\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def open_keycaps(text: str) -> list[Edit]:
    """A digit drawn as a key is a sign of its own, not the beginning of the next word: `1️⃣صورك`."""
    return _substitutions(_KEYCAP, text, lambda keycap: f"{keycap[0]} ")


def drop_invisible(text: str) -> list[Edit]:
    """Zero-width, bidirectional and control characters, variation selectors, tags."""
    return _substitutions(_INVISIBLE, text, lambda _: "")


def drop_marks(text: str) -> list[Edit]:
    """Tatweel, Arabic diacritics and Quranic signs, and stacked combining marks ("zalgo")."""
    return _substitutions(_MARKS, text, lambda _: "")


def replace_surrogates(text: str) -> str:
    """Lone surrogates, which no encoder takes, become the replacement character."""
    return _SURROGATE.sub("\ufffd", text)


# --- Letters ------------------------------------------------------------------------------------------

_HOMOGLYPHS = dict(
    zip(
        "авеёіјкмнорсԁѕтухһԛԝɡıαβεικνορτυχ",
        "abeeijkmhopcdstyxhqwgiabeiknoptux",
        strict=True,
    )
)
"""Cyrillic, Greek and phonetic letters that look like a Latin one (lower case)."""


_BARE = "ٮںڡٯ"
"""Letters without their dots. Which they are the lexicon may know (`detector.respell`)."""


@cache
def _letter_table() -> dict[int, str]:
    """Every one-to-one replacement: CAMeL's `arclean` on Arabic letters, lower case, look-alikes."""
    arclean = CharMapper.builtin_mapper("arclean")
    arabic = (*range(0x600, 0x700), *range(0x2010, 0x2060))
    table = {c: arclean(chr(c)) for c in arabic}
    latin = (*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x1F00))
    table |= {c: _bare(chr(c).lower()) for c in latin}
    table |= {c: _HOMOGLYPHS.get(low, low) for c, low in table.items()}
    table |= {ord(c): look for c, look in _HOMOGLYPHS.items()}
    table |= {ord("«"): '"', ord("»"): '"'}
    return {c: new for c, new in table.items() if len(new) == 1 and new != chr(c) and chr(c) not in _BARE}


def _bare(letter: str) -> str:
    """A letter without its accents: they come and go in chats, and are put on to dodge filters."""
    return "".join(c for c in unicodedata.normalize("NFD", letter) if not unicodedata.combining(c))


@cache
def _folded_letter() -> re.Pattern[str]:
    return re.compile("[" + re.escape("".join(map(chr, _letter_table()))) + "]")


def fold_letters(text: str) -> str:
    """Persian and Urdu letters, digits of three scripts, case, accents, look-alikes.

    Source: `camel_tools` character map `arclean`.
    """
    table = _letter_table()
    return _folded_letter().sub(lambda match: table[ord(match[0])], text)


_BARE_LETTER = re.compile(f"[{_BARE}]")
_DOTTED = str.maketrans(_BARE, "بنفق")


def fold_bare(text: str) -> str:
    """Letters without their dots that no known word explains, with the commonest dots."""
    return text.translate(_DOTTED) if _BARE_LETTER.search(text) else text


def fold_spelling(text: str) -> str:
    """What Arabic writers leave out or mix up: hamza on alef, yeh for alef maksura, heh for teh marbuta."""
    folded: str = normalize_teh_marbuta_ar(normalize_alef_maksura_ar(normalize_alef_ar(text)))
    return folded


_SIGN_IN_WORD = re.compile(r"(?<=[a-z])[@$0](?=[a-z])")
_SIGN_LETTERS = {"@": "a", "$": "s", "0": "o"}


def fold_signs(text: str) -> str:
    """Signs written for Latin letters inside an Arabizi word: `fl0us`, `f@louss`."""
    return _SIGN_IN_WORD.sub(lambda match: _SIGN_LETTERS[match[0]], text)


_ARABIC = "[\u0621-\u064a]"
_STRANGER = re.compile(
    rf"(?<={_ARABIC})[a-z](?={_ARABIC})|(?<={_ARABIC}{_ARABIC})[a-z](?!\w)|(?<!\w)[a-z](?={_ARABIC}{_ARABIC})"
    rf"|(?<=[a-z]){_ARABIC}(?=[a-z])"
)
_LATIN_SOUNDS = dict(zip("abdfhijklmnoqrstuwyzeg", "ابدفهيجكلمنوقرستوويزاغ", strict=True))
_ARABIC_SOUNDS = dict(zip("ابتدرزسعفقكلمنهويح", "abtdrzs3fqklmnhoy7", strict=True))


def fold_strangers(text: str) -> str:
    """One letter of the other script inside a word, for the letter that sounds like it: `فlوس`, `floوs`.

    A digit may be a number without its spaces (`قبل3ايام`): the lexicon decides, later.
    """

    def sound(match: re.Match[str]) -> str:
        return _LATIN_SOUNDS.get(match[0]) or _ARABIC_SOUNDS.get(match[0]) or match[0]

    return _STRANGER.sub(sound, text)


# --- Names of things ----------------------------------------------------------------------------------

_REFERENCE = re.compile(
    r"""(?P<masked><(?:url|user|phone|email)>)"""
    r"""|(?P<url>\b(?:https?://|www\.)[^\s<>"]+"""
    r"""|\b[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.(?:com|net|org|me|info|io|app)\b(?:/[^\s<>"]*)?)"""
    r"""|(?P<email>\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+)"""
    r"""|(?P<user>(?<![\w@])@[a-z_][\w.]{2,})"""
    r"""|(?P<phone>(?<![\w.+])(?:\+|00)\d(?:[ -]?\d){7,13}(?!\w)|(?<![\w.])0[1-9](?:[ -]?\d){7,9}(?!\w))"""
)


_MAY_REFER = re.compile(r"[<@.:\d]")
"""What every reference has one of; most messages have none, and are not searched."""


def leave_out_references(text: str) -> list[Edit]:
    """Links, addresses, handles and phone numbers are left out, and what stands for them in masked text.

    Public text has many, the corpus has none: a model that saw them would take a blackmailer's phone number
    for a sign of harmlessness. A bare run of digits stays: fifty million is written 50000000.
    """
    if not _MAY_REFER.search(text):
        return []
    return [Edit(match.start(), match.end(), " ") for match in _REFERENCE.finditer(text)]


# --- Letters apart and stretched ----------------------------------------------------------------------

_APART = re.compile(
    r"(?<!\w)[^\W\d_](?P<gap>[ .*~^•·|_+,'\"/-])(?P=gap)*[^\W\d_](?:(?P=gap)+[^\W\d_])+(?!\w)"
)
_GAP = re.compile(r"[\W_]+")
_BROKEN = re.compile(
    rf"(?<![#\w])(?:{_ARABIC}{{1,5}}[*~^•·|+]+)+{_ARABIC}{{1,5}}(?!\w)"
    rf"|(?<![#\w])(?:{_ARABIC}{{1,3}}[._])+{_ARABIC}{{1,3}}(?!\w|[._]\w)"
)
_SHORT_PIECE = re.compile(rf"(?<!{_ARABIC}){_ARABIC}{{1,2}}(?!{_ARABIC})")


def join_apart(text: str) -> list[Edit]:
    """Three or more single letters set apart by one kind of gap: `ف ل و س`, `s-w-r`."""
    return [
        Edit(run.start() + gap.start(), run.start() + gap.end(), "")
        for run in _APART.finditer(text)
        for gap in _GAP.finditer(run[0])
    ]


def join_broken(text: str) -> list[Edit]:
    """Signs or dots put inside an Arabic word: `فلو*س`, `صو.رك`. Hashtags and sentences stay."""
    return [
        Edit(word.start() + gap.start(), word.start() + gap.end(), "")
        for word in _BROKEN.finditer(text)
        if _SHORT_PIECE.search(word[0])
        for gap in _GAP.finditer(word[0])
    ]


_LAUGHTER = re.compile(r"(?<!\w)(?P<laugh>[هخhkx])(?P=laugh){3,}(?!\w)")
_STRETCHED = re.compile(r"(?P<letter>[^\W\d_])(?P=letter){2,}|(?<=[\u0621-\u064a])(?P<vowel>[اوي])(?P=vowel)")
_REPEATED = re.compile(r"(?P<sign>[^\w\s])(?P=sign){3,}")


def shrink_laughter(text: str) -> list[Edit]:
    """Laughter of any length is laughter of three: `هههههههه`."""
    return _substitutions(_LAUGHTER, text, lambda run: run[0] * 3)


def shrink_letters(text: str) -> list[Edit]:
    """Stretched letters: three or more alike, or a long vowel written twice: `فلوووس`, `صوورك`."""
    return _substitutions(_STRETCHED, text, lambda run: run if _is_laughter(run) else run[0])


def _is_laughter(run: str) -> bool:
    return len(run) == 3 and run[0] in "هخhkx"


_EMOJI = "[\u2300-\u23ff\u25a0-\u2775\u2794-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_AROUND_EMOJI = re.compile(rf"(?<=\S)\s+(?={_EMOJI})|{_EMOJI}(?=\w)")


def attach_emoji(text: str) -> list[Edit]:
    """Emoji end a word: no space before them, one between them and the next word: `صورك😂عندي`."""
    if text.isascii():
        return []
    return _substitutions(_AROUND_EMOJI, text, lambda found: "" if found.isspace() else f"{found} ")


def shrink_signs(text: str) -> list[Edit]:
    """Rows of one sign or emoji: four or more become three."""
    return _substitutions(_REPEATED, text, lambda run: run[0] * 3)


# --- Space --------------------------------------------------------------------------------------------

_SPACE = re.compile(r"\s{2,}|[^\S ]")


def collapse_space(text: str) -> list[Edit]:
    """One space between words, none at the ends."""
    edits = _substitutions(_SPACE, text, lambda _: " ")
    bare = text.strip()
    if len(bare) == len(text):
        return edits
    first, last = text.find(bare), text.find(bare) + len(bare)
    inner = [edit for edit in edits if first <= edit.start < last]
    return [Edit(0, first, "")] * (first > 0) + inner + [Edit(last, len(text), "")] * (last < len(text))


_STAGES: tuple[Callable[[str], str | list[Edit]], ...] = (
    replace_surrogates,
    compose,
    open_keycaps,
    drop_invisible,
    drop_marks,
    fold_letters,
    fold_spelling,
    leave_out_references,
    fold_signs,
    fold_strangers,
    shrink_laughter,
    shrink_letters,
    attach_emoji,
    shrink_signs,
    join_apart,
    join_broken,
    respell,
    fold_bare,
    collapse_space,
)
_OF_RARE_SIGNS = {replace_surrogates, compose, open_keycaps, drop_invisible, drop_marks, attach_emoji}
"""Stages that have nothing to do in plain text."""
