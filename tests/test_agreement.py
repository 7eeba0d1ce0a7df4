"""Agreement of two annotators as Krippendorff defines it."""

import numpy as np
import pytest

from training.agreement import Opinion, alpha, confusions, letters

NONE = {"threat": 0, "demand": 0, "leverage": 0, "extortion": 0, "victim": 0}


def test_alpha_of_a_published_example() -> None:
    # Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section A: binary data, two observers
    meg = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 0])
    owen = np.array([1, 1, 1, 0, 0, 1, 0, 0, 0, 0])

    assert alpha(meg, owen) == pytest.approx(0.095, abs=5e-4)


def test_alpha_of_annotators_who_never_say_anything_else() -> None:
    assert np.isnan(alpha(np.zeros(9, int), np.zeros(9, int)))


def test_confusions_are_counted_by_category_and_label_sets() -> None:
    victim, demand = NONE | {"victim": 1}, NONE | {"demand": 1}
    found = [
        Opinion("1", "scam", demand, NONE),
        Opinion("2", "scam", demand, NONE),
        Opinion("3", "chat", NONE, victim),
    ]

    assert confusions(found) == [("scam: D → -", 2), ("chat: - → V", 1)]


def test_label_letters_are_those_of_the_guide() -> None:
    assert letters(dict.fromkeys(NONE, 1)) == "TDLEV"
