"""The validator finds every kind of mistake, and the committed corpus has none."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from training import config, corpus, validate
from training.corpus import Row
from training.counts import OBVIOUS_WORDS, ObviousWords

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
        ({"spans": [{"start": 0}]}, "a span has no start, end or label"),
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


def test_a_line_that_is_no_json_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    good = json.dumps(_message(), ensure_ascii=False)
    (tmp_path / "some.jsonl").write_text(f"{good}\n{{broken\n[1]\n", encoding="utf-8")

    rows, problems = validate.read(tmp_path)

    assert [row.line for row in rows] == [1]
    assert [str(problem) for problem in problems] == [
        "some.jsonl, line 2: is not JSON (Expecting property name enclosed in double quotes, column 2)",
        "some.jsonl, line 3: is JSON, but no object",
    ]


def test_a_text_that_is_nearly_another_is_named_unless_a_pair_joins_them() -> None:
    one = _message(text="حولي خمسمية دولار قبل باچر والا صورك توصل لاهلك")
    other = _message(id="x-2", text="حولي خمسمية دولار قبل باچر والا صورك توصل لابوك")
    rows = [Row("a.jsonl", 1, one), Row("a.jsonl", 2, other)]
    joined = [Row("a.jsonl", 1, one | {"pair": "p"}), Row("a.jsonl", 2, other | {"pair": "p"})]

    assert [str(problem) for problem in validate.repeats(rows)] == [
        "a.jsonl, line 2: nearly the same text as a.jsonl, line 1"
    ]
    assert list(validate.repeats(joined)) == []


def test_a_test_message_copied_from_the_corpus_is_named() -> None:
    text = "حولي خمسمية دولار قبل باچر والا صورك توصل لاهلك"
    known = [Row("iraqi.jsonl", 1, _message(text=text))]
    test = [Row("oh.jsonl", 4, _message(id="oh-1", text=text + " كلهم"))]

    assert [str(problem) for problem in validate.copied(known, test)] == [
        "oh.jsonl, line 4: nearly the same text as iraqi.jsonl, line 1 of the corpus"
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": "posts"}, "the id must be the source and 16 hexadecimal digits of the text's SHA-256"),
        ({"text": "نص"}, "third-party text must stay outside the repository"),
        ({"category": "weather"}, "category 'weather' is not in the guide"),
        ({"category": "news"}, "category news does not allow demand"),
    ],
)
def test_a_mistake_in_a_judgement_is_named(changes: dict[str, Any], problem: str) -> None:
    demand = {"threat": 0, "demand": 1, "leverage": 0, "extortion": 0, "victim": 0}
    good = {"id": f"posts:{'0' * 16}", "category": "demand_only", "labels": demand, "borderline": False}

    assert list(validate.judgement(good)) == []
    assert list(validate.judgement(good | changes)) == [problem]


def test_floors_that_a_small_corpus_does_not_reach_are_named(tmp_path: Path) -> None:
    for name in (validate.FLOORS, OBVIOUS_WORDS):
        shutil.copy(DATA / name, tmp_path)

    found = list(validate.below_floors([Row("a.jsonl", 1, _message())], tmp_path))

    assert "messages: 1, and the floor is 8000" in found
    assert "threads: 0, and the floor is 400" in found
    assert "messages, gulf: 0, and the floor is 500" in found
    assert "msa, news: 0, and the floor is 12" in found
    assert "without_obvious_words: 0, and the floor is 0.3333" in found


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("بنشر صورك", True),
        ("وفلوسك وين", True),
        ("el mefta7 3ndi", False),
        ("sowrek 3ndi", True),
        ("انطيني المفتاح وافتحلك الباب", False),
    ],
)
def test_obvious_words_are_found_with_what_is_attached_to_them(text: str, holds: bool) -> None:
    assert ObviousWords(DATA / OBVIOUS_WORDS).in_text(text) is holds


def test_the_committed_corpus_has_no_problem() -> None:
    rows, problems = validate.problems_of(config.load(DATA.parent / "config.toml"))

    assert len(rows) > 0
    assert problems == []
