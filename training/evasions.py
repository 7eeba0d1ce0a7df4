"""Sixteen ways in which people spell a message so that a filter does not see it.

Each family is a function of a text and a source of chance that changes some of its words and leaves it
readable to a person. ExtortionCheck tests with them; fine-tuning learns with them (`training.finetune`).
Sources: homograph
attacks on Arabizi, arXiv 2402.03171; the five spelling functionalities of Multilingual HateCheck's Arabic.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache

Evasion = Callable[[str, random.Random], str]

_WORD = re.compile(r"(?=\w*[^\W\d_])[^\W_]{3,}")
_ARABIC = re.compile(r"[\u0621-\u064a\u0671-\u06d3]")
_TATWEEL = "\N{ARABIC TATWEEL}"
_INVISIBLE = (
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH NON-JOINER}",
    "\N{ZERO WIDTH JOINER}",
    "\N{RIGHT-TO-LEFT MARK}",
    "\N{WORD JOINER}",
)
_HARAKAT = (
    "\N{ARABIC FATHA}",
    "\N{ARABIC DAMMA}",
    "\N{ARABIC KASRA}",
    "\N{ARABIC SUKUN}",
    "\N{ARABIC SHADDA}",
)
_JOINING_ONLY_BEFORE = frozenset("اأإآٱدذرزوؤةىء")
"""Letters that do not join the next one: no tatweel may follow them."""

_LOOKALIKES = {
    "ك": "ک", "ي": "ی", "ه": "ہ", "ى": "ی", "و": "ۄ", "ا": "ٱ", "ر": "ڔ", "ل": "ڵ", "ن": "ڼ", "ت": "ټ",
    "a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "x": "х", "y": "у", "i": "і", "s": "ѕ", "h": "һ",
}  # fmt: skip
"""Letters of Persian, Urdu, Kurdish and Pashto, and Cyrillic ones for Latin."""

_DIGIT_FOR_LETTER = {
    "ا": "1", "ع": "3", "ح": "7", "خ": "5", "ق": "9", "ط": "6", "ء": "2", "ص": "9", "غ": "3'",
    "i": "1", "e": "3", "o": "0", "a": "4", "s": "5", "l": "1",
}  # fmt: skip
_LATIN_FOR_ARABIC = {"ا": "a", "ل": "l", "و": "o", "ه": "h", "س": "s", "م": "m", "ر": "r", "د": "d", "ن": "n"}
_ARABIC_FOR_LATIN = {value: key for key, value in _LATIN_FOR_ARABIC.items()}

_DOTLESS = str.maketrans("بتثنيجخذزشضظغفقة", "ٮٮٮںىححدرسصطعڡٯه")
_SPELLING = {
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ة": "ه",
    "ى": "ي",
    "ض": "ظ",
    "ظ": "ض",
    "ث": "ت",
    "ذ": "د",
    "ؤ": "و",
    "ئ": "ي",
}
_EMOJI = ("😈", "🔥", "💰", "📸", "⏳", "😉", "🤫", "👀", "✌️", "😂")


def _on_words(text: str, dice: random.Random, share: float, change: Callable[[str], str]) -> str:
    """The text with a share of the words that `change` alters altered, at least one where there is any."""
    changed = {word.start(): change(word[0]) for word in _WORD.finditer(text)}
    altered = [word.start() for word in _WORD.finditer(text) if changed[word.start()] != word[0]]
    if not altered:
        return text
    chosen = {at for at in altered if dice.random() < share} or {dice.choice(altered)}
    return _WORD.sub(lambda word: changed[word.start()] if word.start() in chosen else word[0], text)


def _inside(word: str, dice: random.Random) -> int:
    return dice.randrange(1, len(word) - 1)


def stretched_strokes(text: str, dice: random.Random) -> str:
    """Tatweel between joined letters."""

    def change(word: str) -> str:
        return "".join(
            letter + _TATWEEL * dice.choice((0, 1, 1, 2))
            if at + 1 < len(word) and _ARABIC.match(letter) and letter not in _JOINING_ONLY_BEFORE
            else letter
            for at, letter in enumerate(word)
        )

    return _on_words(text, dice, 0.6, change)


def repeated_letters(text: str, dice: random.Random) -> str:
    """A letter drawn out: three to six times."""

    def change(word: str) -> str:
        at = _inside(word, dice)
        return word[:at] + word[at] * dice.randint(3, 6) + word[at + 1 :]

    return _on_words(text, dice, 0.5, change)


def spaced_letters(text: str, dice: random.Random) -> str:
    """Spaces between all letters of a word."""
    return _on_words(text, dice, 0.25, " ".join)


def pointed_letters(text: str, dice: random.Random) -> str:
    """Dots, dashes or underscores between all letters of a word."""
    sign = dice.choice(".-_*ـ")
    return _on_words(text, dice, 0.3, sign.join)


def invisible_letters(text: str, dice: random.Random) -> str:
    """Zero-width and direction characters inside words."""

    def change(word: str) -> str:
        at = _inside(word, dice)
        return word[:at] + dice.choice(_INVISIBLE) + word[at:]

    return _on_words(text, dice, 0.7, change)


def vowel_marks(text: str, dice: random.Random) -> str:
    """Vowel signs on most letters; accents on Latin ones."""

    def change(word: str) -> str:
        if not _ARABIC.search(word):
            return "".join(c + dice.choice(("", "\u0301", "\u0308")) for c in word)
        return "".join(c + (dice.choice(_HARAKAT) if dice.random() < 0.7 else "") for c in word)

    return unicodedata.normalize("NFC", _on_words(text, dice, 0.7, change))


def lookalike_letters(text: str, dice: random.Random) -> str:
    """Letters of other languages that look the same."""
    return _on_words(text, dice, 0.7, lambda word: "".join(_LOOKALIKES.get(c, c) for c in word))


def presentation_forms(text: str, dice: random.Random) -> str:
    """Arabic letters as the shapes of old fonts (Unicode presentation forms); Latin ones in full width."""

    def change(word: str) -> str:
        return "".join(_shape(c) for c in word)

    return _on_words(text, dice, 0.7, change)


@cache
def _shape(letter: str) -> str:
    if "!" <= letter <= "~":
        return chr(ord(letter) + 0xFEE0)
    for code in range(0xFE80, 0xFEFD):
        if unicodedata.normalize("NFKC", chr(code)) == letter:
            return chr(code)
    return letter


def digits_for_letters(text: str, dice: random.Random) -> str:
    """Digits that look or sound like a letter."""

    def change(word: str) -> str:
        places = [at for at, c in enumerate(word) if c.lower() in _DIGIT_FOR_LETTER]
        if not places:
            return word
        at = dice.choice(places)
        return word[:at] + _DIGIT_FOR_LETTER[word[at].lower()] + word[at + 1 :]

    return _on_words(text, dice, 0.5, change)


def other_script_letters(text: str, dice: random.Random) -> str:
    """A Latin letter among Arabic ones, or the other way round."""

    def change(word: str) -> str:
        table: Mapping[str, str] = _LATIN_FOR_ARABIC if _ARABIC.search(word) else _ARABIC_FOR_LATIN
        places = [at for at, c in enumerate(word) if c in table]
        if not places:
            return word
        at = dice.choice(places)
        return word[:at] + table[word[at]] + word[at + 1 :]

    return _on_words(text, dice, 0.4, change)


def dotless_letters(text: str, dice: random.Random) -> str:
    """The bare strokes without their dots, as in old manuscripts; Latin words lose their vowels."""

    def change(word: str) -> str:
        if _ARABIC.search(word):
            return word.translate(_DOTLESS)
        return word[0] + re.sub("[aeiou]", "", word[1:-1]) + word[-1]

    return _on_words(text, dice, 0.5, change)


def swapped_letters(text: str, dice: random.Random) -> str:
    """Two letters in the wrong order."""

    def change(word: str) -> str:
        at = _inside(word, dice)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return _on_words(text, dice, 0.3, change)


def dropped_letters(text: str, dice: random.Random) -> str:
    """A letter left out or masked by a star."""
    sign = dice.choice(("", "", "*"))

    def change(word: str) -> str:
        at = _inside(word, dice)
        return word[:at] + sign + word[at + 1 :]

    return _on_words(text, dice, 0.3, change)


def phonetic_spelling(text: str, dice: random.Random) -> str:
    """As it sounds: no hamza, ه for ة, ض and ظ swapped; z for th, k for q in Latin letters."""

    def change(word: str) -> str:
        if _ARABIC.search(word):
            return "".join(_SPELLING.get(c, c) for c in word)
        return (
            word.replace("ou", "o")
            .replace("ee", "i")
            .replace("q", "k")
            .replace("th", "z")
            .replace("ch", "sh")
        )

    return _on_words(text, dice, 0.9, change)


def joined_words(text: str, dice: random.Random) -> str:
    """Spaces left out between words."""
    parts = re.split(r"( +)", text)
    lost = {at for at in range(1, len(parts), 2) if dice.random() < 0.3}
    if not lost and len(parts) > 2:
        lost = {dice.randrange(1, len(parts), 2)}
    return "".join("" if at in lost else part for at, part in enumerate(parts))


def emoji_between(text: str, dice: random.Random) -> str:
    """Emoji between words and for the spaces."""
    parts = text.split(" ")
    return "".join(
        part
        + (
            dice.choice((" ", "")) + dice.choice(_EMOJI) + dice.choice((" ", ""))
            if dice.random() < 0.35
            else " "
        )
        for part in parts
    ).strip()


FAMILIES: Mapping[str, Evasion] = {
    family.__name__: family
    for family in (
        stretched_strokes,
        repeated_letters,
        spaced_letters,
        pointed_letters,
        invisible_letters,
        vowel_marks,
        lookalike_letters,
        presentation_forms,
        digits_for_letters,
        other_script_letters,
        dotless_letters,
        swapped_letters,
        dropped_letters,
        phonetic_spelling,
        joined_words,
        emoji_between,
    )
}
"""Family name to function, sixteen of them."""


def disguised(texts: Sequence[str], seed: int = 4) -> list[str]:
    """The texts, each spelt in one of the ways above, drawn by lot; a way may find nothing to change."""
    dice = random.Random(seed)
    return [FAMILIES[dice.choice(list(FAMILIES))](text, dice) for text in texts]
