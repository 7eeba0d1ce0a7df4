"""Near-duplicates are found exactly: as by comparing every text with every other."""

from hypothesis import given
from hypothesis import strategies as st

from training.duplicates import NEAR, near_duplicates


def _grams(text: str) -> set[str]:
    padded = f"  {text}  "
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


def _compared_one_by_one(texts: list[str]) -> list[tuple[int, int]]:
    grams = [_grams(text) for text in texts]
    return [
        (one, other)
        for one in range(len(texts))
        for other in range(one + 1, len(texts))
        if len(grams[one] & grams[other]) > NEAR * len(grams[one] | grams[other])
    ]


_TEXTS = st.lists(st.text(alphabet="ابتص ", min_size=1, max_size=14), min_size=1, max_size=25)


@given(_TEXTS, st.integers(min_value=1, max_value=30))
def test_every_pair_is_found_and_no_other(texts: list[str], block: int) -> None:
    assert near_duplicates(texts, block) == _compared_one_by_one(texts)


def test_one_changed_word_of_many_is_a_near_duplicate() -> None:
    texts = [
        "حولي خمسمية دولار قبل باچر والا صورك توصل لاهلك",
        "حولي خمسمية دولار قبل باچر والا صورك توصل لابوك",
    ]

    assert near_duplicates(texts) == [(0, 1)]


def test_no_texts_have_no_duplicates() -> None:
    assert near_duplicates([]) == []
