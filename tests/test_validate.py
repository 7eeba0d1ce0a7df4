"""The validator finds every kind of mistake, and the committed corpus has none."""

from pathlib import Path
from typing import Any

import pytest

from training import corpus, validate
from training.corpus import Row

DATA = Path(__file__).parents[1] / "training" / "data"


def _message(**changes: Any) -> dict[str, Any]:
    held = {"threat": 1, "demand": 1, "leverage": 0, "extortion": 1, "victim": 0}
    message = {
        "id": "x-1",
        "text": "ادفع او افضحك",
        "dialect": "iraqi",
        "script": "arabic",
        "category": "expose_secret",
        "pair": None,
        "labels": held,
        "spans": [{"start": 0, "end": 4, "label": "demand"}],
    }
    return message | changes


def test_a_right_message_has_no_problem() -> None:
    assert list(validate.message(_message())) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"dialect": "klingon"}, "dialect 'klingon' is not in the guide"),
        ({"category": "news"}, "category news does not allow demand, extortion, threat"),
        ({"spans": [{"start": 0, "end": 99, "label": "demand"}]}, "span 0:99 is not inside the text of 13"),
        ({"spans": [{"start": 0, "end": 4, "label": "leverage"}]}, "which the message does not hold"),
        ({"spans": [{"start": 0, "end": 5, "label": "demand"}]}, "begins or ends with a space"),
        ({"labels": {"threat": 1}}, "labels must give 0 or 1"),
        (
            {"labels": {"threat": 0, "demand": 1, "leverage": 0, "extortion": 1, "victim": 0}, "spans": []},
            "extortion of a message alone needs threat and demand",
        ),
        (
            {"labels": {"threat": 0, "demand": 1, "leverage": 0, "extortion": 0, "victim": 1}, "spans": []},
            "victim excludes every other label",
        ),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], problem: str) -> None:
    assert any(problem in what for what in validate.message(_message(**changes)))


def test_a_missing_key_is_named() -> None:
    message = _message()
    del message["script"]

    assert list(validate.message(message)) == ["has no script"]


def test_overlapping_spans_are_named() -> None:
    spans = [{"start": 0, "end": 4, "label": "demand"}, {"start": 2, "end": 4, "label": "threat"}]

    assert "span 2:4 overlaps the one before" in list(validate.message(_message(spans=spans)))


def test_a_repeated_id_and_a_repeated_text_are_named_with_their_places() -> None:
    rows = [Row("a.jsonl", 1, _message()), Row("b.jsonl", 7, _message())]

    problems = [str(problem) for problem in validate.check(rows)]

    assert problems == [
        "b.jsonl, line 7: the same id as a.jsonl, line 1",
        "b.jsonl, line 7: the same text as a.jsonl, line 1",
    ]


def test_a_pair_that_straddles_the_split_is_named() -> None:
    examples = [
        corpus.Example("one", "ا", {}, pair="p"),
        corpus.Example("two", "ب", {}, pair="p"),
    ]
    partition = corpus.Partition(frozenset({"two"}), frozenset(), frozenset({"one"}))

    assert list(validate.leaks(examples, partition)) == ["p straddles test, train"]


def test_the_committed_corpus_has_no_problem_and_no_leak() -> None:
    rows = list(corpus.read_rows(DATA))
    examples = corpus.read_examples(DATA)

    assert list(validate.check(rows)) == []
    assert list(validate.leaks(examples, corpus.read_partition(DATA / "split.json"))) == []
