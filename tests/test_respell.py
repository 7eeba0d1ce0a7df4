"""Disguised words are put back, those that the lexicon knows stay, and every edit leads to its letters."""

import gzip
import math
import random
from collections import Counter
from hashlib import sha256
from importlib import resources
from pathlib import Path

import pytest

from detector.normalise import NORMALISER_VERSION, normalise
from detector.respell import LEXICON, _mend, respell
from training import config, corpus, lexicon
from training.evasions import dotless_letters

ROOT = Path(__file__).parents[1]


def _put_back(text: str) -> str:
    for edit in reversed(respell(text)):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


@pytest.mark.parametrize(
    ("disguised", "word"),
    [
        ("ادفعالفلوس", "ادفع الفلوس"),
        ("قبلبكرهالصبح", "قبل بكره الصبح"),
        ("الفولس", "الفلوس"),
        ("حالصه", "خالصه"),
        ("ادف3", "ادفع"),
        ("f1ous", "flous"),
        ("ٮٮعٮ", "تبعت"),
        ("ال3راق", "العراق"),
    ],
)
def test_a_disguised_word_is_put_back(disguised: str, word: str) -> None:
    assert _put_back(disguised) == word


@pytest.mark.parametrize(
    "word",
    [
        *("الفلوس", "3andi", "غطمشقنتلو", "ab", ""),
        *("50000000", "بكره5", "5الف", "3صور", "صوره1", "رقم1", "وال3", "قبل3ايام"),
        *("يسرب", "وبدفع", "بحطها", "لاصحابك", "السيلفي", "مصورني", "عالماستر"),
    ],
)
def test_a_word_that_is_known_inflected_numbered_or_like_nothing_known_stays(word: str) -> None:
    assert respell(word) == []


def test_words_longer_than_any_are_left_alone_and_not_kept() -> None:
    before = _mend.cache_info().currsize

    assert respell("ادفعالفلوس" * 400) == []
    assert _mend.cache_info().currsize == before


def test_a_lexicon_is_that_of_the_normalisers_version() -> None:
    """Another one makes other texts: raise `NORMALISER_VERSION`, train, and write both here."""
    packed = (resources.files("detector.respell") / LEXICON).read_bytes()

    assert (NORMALISER_VERSION, sha256(packed).hexdigest()[:16]) == (4, "6e3d1da89375e2a2")


def test_a_word_that_came_apart_leads_back_to_its_own_letters() -> None:
    text = "يلا ادفعالفلوس هسه"

    found = normalise(text)

    at = found.text.index("الفلوس")
    start, end = found.original(at, at + len("الفلوس"))
    assert text[start:end] == "الفلوس"


def test_of_disguised_development_words_many_come_back_and_few_others_change() -> None:
    settings = config.load(ROOT / "training" / "config.toml")
    held = corpus.read_part(ROOT / settings.paths.corpus, ROOT / settings.paths.split, "development")[:1000]
    plain = [normalise(one.text, respelling=False).text for one in held]
    words = [word for text in plain for word in text.split() if word.isalpha() and len(word) > 3]
    dice = random.Random(1)
    joined = [(one + other, f"{one} {other}") for one, other in zip(words[::2], words[1::2], strict=False)]
    swapped = [(_swapped(word, dice), word) for word in words]
    bare = [(dotless_letters(word, dice), word) for word in words]

    def share(pairs: list[tuple[str, str]]) -> float:
        return sum(normalise(disguised).text == word for disguised, word in pairs) / len(pairs)

    assert share(joined) > 0.55
    assert share([pair for pair in swapped if pair[0] != pair[1]]) > 0.3
    assert share([pair for pair in bare if pair[0] != pair[1]]) > 0.4
    assert sum(bool(respell(word)) for word in words) < len(words) / 200


def _swapped(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def test_the_lexicon_packs_frequencies_and_counts_a_word_once_a_text() -> None:
    counts = lexicon.words(["الفلوس الفلوس 500", "الفلوس 3andi ف5لوس " + "ا" * 30])
    lines = gzip.decompress(lexicon.pack(counts, 1)).decode().splitlines()

    assert counts == Counter({"الفلوس": 2, "3andi": 1})
    assert lines == [f"{round(2 * math.log(2 / 3)) / 2} الفلوس", f"{round(2 * math.log(1 / 3)) / 2} 3andi"]
