"""Sixteen families of evasion change a text, always in the same way, and some the normaliser undoes whole."""

import random

import pytest

from detector.normalise import normalise
from detector.records import Label
from training import corpus
from training.batches import disguise
from training.evasions import FAMILIES

TEXTS = (
    "حولي الفلوس قبل الجمعة وإلا صورك توصل لأهلك كلهم",
    "7awli el flous abl el khamis wella sowrek tewsal la ahlek kollhom",
)
UNDONE = ("stretched_strokes", "invisible_letters", "vowel_marks", "presentation_forms")
"""Families after which the normaliser gives what it gives of the plain Arabic text."""


def test_there_are_sixteen_families() -> None:
    assert len(FAMILIES) == 16


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_changes_a_text_and_the_same_chance_changes_it_the_same(family: str) -> None:
    change = FAMILIES[family]

    changed = {change(TEXTS[0], random.Random(seed)) for seed in range(5)}

    assert any(one != TEXTS[0] for one in changed)
    assert changed == {change(TEXTS[0], random.Random(seed)) for seed in range(5)}


@pytest.mark.parametrize("family", [one for one in FAMILIES if one not in {"stretched_strokes"}])
def test_a_family_also_changes_latin_letters(family: str) -> None:
    assert any(FAMILIES[family](TEXTS[1], random.Random(seed)) != TEXTS[1] for seed in range(9))


@pytest.mark.parametrize("family", UNDONE)
def test_the_normaliser_undoes_a_family(family: str) -> None:
    for seed in range(20):
        assert normalise(FAMILIES[family](TEXTS[0], random.Random(seed))).text == normalise(TEXTS[0]).text


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("text", ["", "؟", "لا", "500", "😂😂"])
def test_a_text_with_nothing_to_change_does_no_harm(family: str, text: str) -> None:
    assert isinstance(FAMILIES[family](text, random.Random(0)), str)


def test_what_is_disguised_for_training_is_not_what_the_normaliser_undoes() -> None:
    example = corpus.Example("one", "حول الفلوس اليوم والا اخوك يشوف الصور", {Label.EXTORTION: 1})
    plain = normalise(example.text).text

    found = [disguise(example, plain, random.Random(seed)) for seed in range(40)]

    assert all(one is not None and one.text != plain for one in found)
    assert len({one.text for one in found if one}) > 20


def test_a_text_that_cannot_be_disguised_is_left_alone() -> None:
    assert disguise(corpus.Example("one", "", {}), "", random.Random(1)) is None
