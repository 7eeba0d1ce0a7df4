"""Flags, verdicts and spans follow from scores."""

import numpy as np
import pytest

from detector.decide import flags_of, spans_of, verdict_of
from detector.records import Label, Scores, Span, Verdict

HALF = dict.fromkeys(Label, 0.5)


def _scores(**given: float) -> Scores:
    return Scores(**{label.value: given.get(label.value, 0.0) for label in Label})


def test_a_label_is_flagged_from_its_threshold_on() -> None:
    scores = _scores(threat=0.5, demand=0.49)

    assert flags_of(scores, HALF) == (Label.THREAT,)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, Verdict.NONE),
        ({"demand": 0.9}, Verdict.DEMAND),
        ({"demand": 0.9, "threat": 0.6}, Verdict.THREAT),
        ({"leverage": 0.9}, Verdict.NONE),
        ({"extortion": 0.6, "threat": 0.9, "demand": 0.9}, Verdict.EXTORTION),
        ({"extortion": 0.6, "victim": 0.7}, Verdict.VICTIM),
        ({"extortion": 0.7, "victim": 0.6}, Verdict.EXTORTION),
        ({"extortion": 0.4, "victim": 0.3}, Verdict.NONE),
        ({"victim": 0.6, "demand": 0.9}, Verdict.VICTIM),
    ],
)
def test_the_verdict_follows_the_contract(given: dict[str, float], verdict: Verdict) -> None:
    scores = _scores(**given)

    assert verdict_of(flags_of(scores, HALF), scores) is verdict


def _pieces(text: str, tags: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """One piece a word, with probability one for its tag."""
    offsets, at = [], 0
    for word in text.split(" "):
        offsets.append((at, at + len(word)))
        at += len(word) + 1
    return np.array(offsets), np.eye(4, dtype=np.float32)[tags]


def test_words_of_one_label_side_by_side_make_one_span() -> None:
    text = "ادفع المبلغ والا انشر صورك"
    offsets, tags = _pieces(text, [2, 2, 0, 1, 1])

    spans = spans_of(text, offsets, tags, (Label.THREAT, Label.DEMAND))

    assert spans == [Span(0, 11, Label.DEMAND), Span(17, 26, Label.THREAT)]


def test_a_span_needs_its_label_flagged() -> None:
    text = "ادفع المبلغ"
    offsets, tags = _pieces(text, [2, 2])

    assert spans_of(text, offsets, tags, (Label.THREAT,)) == []


def test_punctuation_at_the_edges_stays_outside_a_span() -> None:
    text = "«ادفع المبلغ!»"
    offsets, tags = _pieces(text, [2, 2])

    assert spans_of(text, offsets, tags, (Label.DEMAND,)) == [Span(1, 12, Label.DEMAND)]


def test_a_span_of_punctuation_only_is_none() -> None:
    offsets, tags = _pieces("...", [2])

    assert spans_of("...", offsets, tags, (Label.DEMAND,)) == []


def test_a_word_between_two_of_one_label_belongs_to_their_span() -> None:
    text = "ادفع كل المبلغ"
    offsets, tags = _pieces(text, [2, 0, 2])

    assert spans_of(text, offsets, tags, (Label.DEMAND,)) == [Span(0, 14, Label.DEMAND)]


def test_a_word_between_two_labels_stays_outside_both() -> None:
    text = "ادفع والا انشر"
    offsets, tags = _pieces(text, [2, 0, 1])

    spans = spans_of(text, offsets, tags, (Label.THREAT, Label.DEMAND))

    assert spans == [Span(0, 4, Label.DEMAND), Span(10, 14, Label.THREAT)]


def test_two_labels_side_by_side_make_two_spans() -> None:
    text = "ادفع انشر"
    offsets, tags = _pieces(text, [2, 1])

    spans = spans_of(text, offsets, tags, (Label.THREAT, Label.DEMAND))

    assert spans == [Span(0, 4, Label.DEMAND), Span(5, 9, Label.THREAT)]


def test_the_less_nothing_weighs_the_longer_a_span() -> None:
    text = "ادفع المبلغ كله"
    offsets, _ = _pieces(text, [0, 0, 0])
    tags = np.array([[0.1, 0, 0.9, 0], [0.6, 0, 0.4, 0], [0.9, 0, 0.1, 0]], np.float32)

    assert spans_of(text, offsets, tags, (Label.DEMAND,), outside=1.0) == [Span(0, 4, Label.DEMAND)]
    assert spans_of(text, offsets, tags, (Label.DEMAND,), outside=0.3) == [Span(0, 11, Label.DEMAND)]


def test_a_lone_word_beside_a_longer_phrase_belongs_to_it() -> None:
    text = "ادفع كل المبلغ انشر"
    offsets, tags = _pieces(text, [2, 2, 2, 1])

    spans = spans_of(text, offsets, tags, (Label.THREAT, Label.DEMAND))

    assert spans == [Span(0, 19, Label.DEMAND)]
