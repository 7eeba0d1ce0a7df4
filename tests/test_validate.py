"""The validator finds every kind of mistake, and the committed corpus has none."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.records import Label
from training import config, corpus, schema, validate
from training.counts import ObviousWords
from training.rows import CorpusError, Row, read_rows

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
    assert list(schema.message(_message())) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"dialect": "klingon"}, "dialect 'klingon' is not in the guide"),
        ({"category": "news"}, "category news does not allow demand, extortion, threat"),
        ({"spans": [{"start": 0, "end": 99, "label": "demand"}]}, "span 0:99 is not inside the text of 13"),
        ({"spans": [{"start": 0, "end": 4, "label": "leverage"}]}, "which the message does not hold"),
        ({"spans": [{"start": 0, "end": 5, "label": "demand"}]}, "begins or ends with a space"),
        ({"spans": [{"start": 0}]}, "a span has no start, end or label"),
        (
            {"spans": [{"start": "0", "end": "4", "label": "demand"}]},
            "the start and end of a span must be whole numbers",
        ),
        ({"spans": {"start": 0, "end": 4}}, "spans must be a list or null"),
        ({"id": 7}, "id must be a string"),
        ({"text": None}, "text must be a string"),
        ({"text": "\n"}, "the text is empty"),
        ({"text": "ادفع \ud83d"}, "the text holds half of a surrogate pair"),
        ({"dialect": ["iraqi"]}, "dialect must be a string"),
        ({"pair": ["p"]}, "pair must be a string or null"),
        ({"labels": ["threat"]}, "labels must be an object"),
        ({"labels": {label: [1] for label in Label}}, "labels must give 0 or 1"),
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
    assert any(problem in what for what in schema.message(_message(**changes)))


def test_a_missing_key_is_named() -> None:
    message = _message()
    del message["script"]

    assert list(schema.message(message)) == ["has no script"]


def _thread(**changes: Any) -> dict[str, Any]:
    sent = {"sender": "أبو علي", "text": "شلونك", "labels": dict.fromkeys(Label, 0)}
    thread = {"id": "t", "dialect": "iraqi", "script": "arabic", "category": "chat", "messages": [sent]}
    return thread | {"extortion": 0, "extorter": None} | changes


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"messages": "شلونك"}, "messages must be a list"),
        ({"messages": []}, "holds no message"),
        ({"messages": [{"text": "شلونك"}]}, "message 1: has no labels, sender"),
        ({"messages": ["شلونك"]}, "message 1: is no object"),
        (
            {"messages": [{"sender": "أبو علي", "text": " ", "labels": dict.fromkeys(Label, 0)}]},
            "message 1: the text is empty",
        ),
        ({"extortion": "no"}, "extortion must be 0 or 1"),
        ({"extortion": 1}, "extortion of the thread and of its messages disagree"),
    ],
)
def test_a_mistake_in_a_thread_is_named(changes: dict[str, Any], problem: str) -> None:
    assert list(schema.thread(_thread())) == []
    assert problem in list(schema.thread(_thread(**changes)))


def test_overlapping_spans_are_named() -> None:
    spans = [{"start": 0, "end": 4, "label": "demand"}, {"start": 2, "end": 4, "label": "threat"}]

    assert "span 2:4 overlaps the one before" in list(schema.message(_message(spans=spans)))


def test_a_repeated_id_and_a_repeated_text_are_named_with_their_places() -> None:
    rows = [Row("a.jsonl", 1, _message()), Row("b.jsonl", 7, _message())]

    problems = [str(problem) for problem in schema.check(rows)]

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
    (tmp_path / "some.jsonl").write_bytes(f"{good}\n{{broken\n[1]\n".encode() + b"\xff{}\n")

    rows, problems = schema.read(tmp_path)

    assert [row.line for row in rows] == [1]
    assert [str(problem) for problem in problems] == [
        "some.jsonl, line 2: is not JSON (Expecting property name enclosed in double quotes, column 2)",
        "some.jsonl, line 3: is JSON, but no object",
        "some.jsonl, line 4: is not UTF-8",
    ]


def test_a_byte_order_mark_a_blank_line_and_a_separator_within_a_text_are_no_mistakes(tmp_path: Path) -> None:
    texts = ["ادفع\N{LINE SEPARATOR}او افضحك", "ادفع\x85والا"]
    first, second = (json.dumps({"text": text}, ensure_ascii=False) for text in texts)
    (tmp_path / "some.jsonl").write_text(f"{first}\r\n\r\n{second}", encoding="utf-8-sig", newline="")

    rows, problems = schema.read(tmp_path)

    assert [(row.line, row.value["text"]) for row in rows] == [(1, texts[0]), (3, texts[1])]
    assert problems == []


def test_a_broken_line_stops_whatever_reads_the_corpus_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text("{}\n[1]\n", encoding="utf-8")

    with pytest.raises(CorpusError) as caught:
        list(read_rows(tmp_path))

    assert str(caught.value) == (
        "some.jsonl, line 2: is JSON, but no object.\n"
        "Expected a JSON object.\n"
        "Run `make validate`, which names every such line."
    )


def _elsewhere(folder: Path) -> config.Config:
    """The project's settings for a corpus of one's own: no split yet, and nothing beside it."""
    settings = config.load(DATA.parent / "config.toml")
    nothing = dict.fromkeys(("other_hands", "judgements", "second"), str(folder / "none"))
    paths = replace(settings.paths, corpus=str(folder), split=str(folder / "split.json"), **nothing)
    return replace(settings, paths=paths)


def test_a_corpus_without_messages_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("text,label\n", encoding="utf-8")

    _, problems = validate.problems_of(_elsewhere(tmp_path))

    assert problems == [
        f"{tmp_path}: holds no message. Expected JSON Lines by the annotation guide in *.jsonl"
    ]


def test_a_split_that_was_not_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(json.dumps(_message()), encoding="utf-8")

    _, problems = validate.problems_of(_elsewhere(tmp_path))

    assert problems == [f"{tmp_path / 'split.json'}: not there: run `make split`"]


def test_labels_that_a_part_gives_no_example_of_are_named() -> None:
    none = dict.fromkeys(Label, 0)
    every = [corpus.Example(f"all {at}", "ا", dict.fromkeys(Label, at)) for at in (0, 1)]
    held = [
        corpus.Example("one", "ب", none),
        corpus.Example("two", "ت", dict.fromkeys(Label, 1) | {Label.VICTIM: 0}),
    ]
    partition = corpus.Partition(frozenset({"all 0", "all 1"}), frozenset({"one", "two"}), frozenset())

    assert list(validate.one_sided([*every, *held], partition)) == [
        "no message of the development part has victim 1: nothing can be learnt of it"
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
    shutil.copy(DATA / validate.FLOORS, tmp_path)

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
    assert ObviousWords().in_text(text) is holds


def test_the_committed_corpus_has_no_problem() -> None:
    rows, problems = validate.problems_of(config.load(DATA.parent / "config.toml"))

    assert len(rows) > 0
    assert problems == []
