"""Words put back as people usually spell them: joined, swapped, without dots, with digits for letters.

A noisy channel: of a word that the lexicon does not know, the candidates are what one slip or trick would
have made it from; each is as likely as its words are frequent and the trick is, and the likeliest is taken,
which may be that the word is one more that the lexicon lacks. What the lexicon knows stays.
Source: Kernighan, Church and Gale, A Spelling Correction Program Based on a Noisy Channel Model, 1990.

All likelihoods are natural logarithms. Those of the tricks were chosen on the development split: what they
bring back and what they spoil is in DECISIONS.md.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product

from detector.edits import Edit

LEXICON = "words.txt.gz"
"""Made by `python -m training.lexicon`: each line is the logarithm of a frequency and the words with it."""

_SHORTEST, _LONGEST = 4, 40
"""Letters of the words that are looked at: longer ones stay, so that a text costs what it is long."""
_LONGEST_PART = 20
_UNKNOWN, _UNKNOWN_LETTER = -4.0, -2.5
"""Of a word that the lexicon lacks, and of each of its letters."""
_SPACE_LOST = -2.0
_SWAPPED = -5.5
_DOTS_LOST = -2.0
_DIGIT_FOR_LETTER = -3.0
_INFLECTED = -4.0

_WORD = re.compile(rf"(?<![^\W_])[^\W_]{{{_SHORTEST},{_LONGEST}}}(?![^\W_])")
_ARABIC = re.compile("[\u0621-\u064a\u066e\u066f\u06a1\u06ba]")
_SHORT_PARTS = frozenset({
    "في", "من", "ما", "لا", "يا", "لو", "كل", "عن", "ان", "او", "مع", "هل", "بس", "اي", "شو", "مش",
    "el", "al", "ya", "ma", "la",
})  # fmt: skip
"""Words of two letters that others are run together with; any other is more often the end of a word."""
_PREFIXES = frozenset({
    "و", "ف", "ب", "ل", "ك", "ع", "ه", "ال", "وال", "بال", "فال", "كال", "عال", "هال", "لل", "ول", "وب",
    "el", "al", "w",
})  # fmt: skip
_SUFFIXES = frozenset({
    "ي", "ك", "ه", "ها", "هم", "كم", "نا", "ني", "لي", "لك", "لو", "له", "لها", "لهم", "لكم", "ات", "ين",
    "ش", "ek", "ak", "na", "ha",
})  # fmt: skip
"""What words are inflected with in chats: one that the lexicon knows without it is none to mend."""
_LONGEST_AFFIX = 3
_ENDINGS = frozenset({"ني", "ين"})
"""Two letters that end a word either way round."""
_WITHOUT_DOTS = str.maketrans("بتثنجخذزشضظغفق", "ٮٮٮںححدرسصطعڡٯ")
"""What a letter is without its dots. ي and ة are folded before, to what they are with and without."""
_SOUNDS = {"1": "ا", "2": "ءا", "3": "ع", "4": "ا", "5": "خ", "6": "ط", "7": "ح", "9": "قص", "0": "ه"}
_LOOKS = {"1": "il", "4": "a"}
"""In Latin letters 2, 3, 5, 7 and 9 are how Arabizi is spelt."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Logarithms of words' frequencies, and of the words without their dots the most frequent."""

    frequencies: dict[str, float]
    dotted: dict[str, str]

    @classmethod
    def load(cls) -> "Lexicon":
        """The lexicon of this package."""
        packed = (resources.files(__name__) / LEXICON).read_bytes()
        frequencies: dict[str, float] = {}
        dotted: dict[str, str] = {}
        for line in gzip.decompress(packed).decode().splitlines():
            frequency, *words = line.split()
            frequencies.update(dict.fromkeys(words, float(frequency)))
            for word in words:
                if len(word) >= _SHORTEST and _ARABIC.match(word):
                    dotted.setdefault(word.translate(_WITHOUT_DOTS), word)
        return cls(frequencies, dotted)


@lru_cache(maxsize=1)
def _lexicon() -> Lexicon:
    return Lexicon.load()


def respell(text: str) -> list[Edit]:
    """The edits that put words back; none where all are known or nothing likelier is found.

    >>> [(edit.start, edit.end, edit.new) for edit in respell("ادف3 الفلوس")]
    [(3, 4, 'ع')]
    """
    edits: list[Edit] = []
    for word in _WORD.finditer(text):
        start = word.start()
        edits += [Edit(start + one.start, start + one.end, one.new) for one in _mend(word[0])]
    return edits


@lru_cache(maxsize=65_536)
def _mend(word: str) -> tuple[Edit, ...]:
    """The edits of one word."""
    lexicon = _lexicon()
    if word in lexicon.frequencies or word.isdecimal():
        return ()
    candidates = _respelt(word, lexicon) if word.isalpha() else _without_digits(word, lexicon)
    return max(candidates, key=lambda candidate: candidate[0], default=(0.0, ()))[1]


_Candidate = tuple[float, tuple[Edit, ...]]
"""A likelihood, and the edits that make the candidate."""


def _respelt(word: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    yield _UNKNOWN + _UNKNOWN_LETTER * len(word), ()
    yield from _inflected(word, lexicon)
    yield from _swapped(word, lexicon)
    yield from _dotted(word, lexicon)
    yield from _apart(word, lexicon)


def _inflected(word: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    """The word as it is, where it is one that the lexicon knows with something before or after it."""
    lengths = range(1, _LONGEST_AFFIX + 1)
    stems = [word[n:] for n in lengths if word[:n] in _PREFIXES]
    stems += [word[:-n] for n in lengths if word[-n:] in _SUFFIXES]
    for stem in stems:
        if len(stem) > 2 and stem in lexicon.frequencies:
            yield lexicon.frequencies[stem] + _INFLECTED, ()


def _swapped(word: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    """Two neighbours in the other order; the first letter is seldom missed."""
    last = len(word) - 2
    for at in range(1, last + 1):
        pair = word[at + 1] + word[at]
        frequency = lexicon.frequencies.get(word[:at] + pair + word[at + 2 :])
        if frequency is not None and not (at == last and pair in _ENDINGS):
            yield frequency + _SWAPPED, (Edit(at, at + 2, pair),)


def _dotted(word: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    """The most frequent word of these strokes; where a letter has its dots, none was meant."""
    found = lexicon.dotted.get(word)
    if found:
        letters = enumerate(zip(word, found, strict=True))
        edits = tuple(Edit(at, at + 1, new) for at, (old, new) in letters if new != old)
        yield lexicon.frequencies[found] + _DOTS_LOST, edits


def _apart(word: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    """The likeliest way to cut the word into two or more that the lexicon knows (Viterbi)."""
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}
    for end in range(2, len(word) + 1):
        for start, (before, _) in list(best.items()):
            if not 1 < end - start <= _LONGEST_PART:
                continue
            part = word[start:end]
            frequency = lexicon.frequencies.get(part)
            if frequency is None or (len(part) == 2 and part not in _SHORT_PARTS):
                continue
            likelihood = before + frequency + (_SPACE_LOST if start else 0.0)
            if end not in best or likelihood > best[end][0]:
                best[end] = likelihood, start
    if len(word) not in best:
        return
    likelihood, cut = best[len(word)]
    cuts = []
    while cut:
        cuts.append(cut)
        cut = best[cut][1]
    yield likelihood, tuple(Edit(cut - 1, cut, word[cut - 1] + " ") for cut in reversed(cuts))


def _without_digits(word: str, lexicon: Lexicon) -> Iterator[_Candidate]:
    """One or two digits for the letters that sound or look like them, or a number run into words: `3صور`."""
    known = lexicon.frequencies
    parts = [part for part in re.split(r"\d+", word) if part]
    if all(part in known for part in parts):
        yield sum(known[part] for part in parts), ()
    letters = _SOUNDS if _ARABIC.search(word) else _LOOKS
    places = [at for at, sign in enumerate(word) if sign.isdecimal()]
    if len(places) > 2 or len(places) * 2 > len(word):
        return
    for chosen in product(*(letters.get(word[at], word[at]) for at in places)):
        spelt = list(word)
        for at, letter in zip(places, chosen, strict=True):
            spelt[at] = letter
        frequency = known.get("".join(spelt))
        if frequency is not None:
            edits = tuple(Edit(at, at + 1, spelt[at]) for at in places if spelt[at] != word[at])
            yield frequency + _DIGIT_FOR_LETTER * len(edits), edits
