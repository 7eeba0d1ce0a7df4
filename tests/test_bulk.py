"""BatchScorer says of a batch of any kind what a local scan says of the messages."""

import copy
from collections.abc import Callable
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from detector import BatchScorer, Detector, InputError, Label, ModelError

TEXTS = [
    "صباح الخير شلونكم",
    "حولي ٥٠٠ دولار والا صورك توصل لاهلك",
    "واحد يهددني بصوري ويريد فلوس شسوي",
    "",
    "fلوس 😂 \N{ZERO WIDTH JOINER}",
]
ADDED = [label.value for label in Label] + ["verdict", "flags", "spans", "truncated", "error"]


@pytest.fixture(scope="module")
def scorer() -> BatchScorer:
    """Loads its model with the first batch, and keeps it for the tests of this module."""
    return BatchScorer()


@pytest.fixture(scope="module")
def expected(detector: Detector) -> list[dict[str, object]]:
    """What a local scan says of `TEXTS`, scores as float32."""
    return [
        {
            **{name: np.float32(score) for name, score in one.scores.as_dict().items()},
            "verdict": one.verdict.value,
            "flags": [flag.value for flag in one.flags],
            "spans": [{"start": s.start, "end": s.end, "label": s.label.value} for s in one.spans],
            "truncated": False,
            "error": None,
        }
        for one in detector.scan_texts(TEXTS)
        if one.scores
    ]


def _rows(columns: Any) -> list[dict[str, object]]:
    """The added columns of a mapping or frame, row by row, null for pandas' missing text."""
    rows = [
        dict(zip(ADDED, cells, strict=True)) for cells in zip(*(columns[name] for name in ADDED), strict=True)
    ]
    return [{**row, "error": None if row["error"] != row["error"] else row["error"]} for row in rows]


KINDS: dict[str, Callable[[list[str]], Any]] = {
    "lists": lambda texts: {"text": texts, "n": list(range(len(texts)))},
    "arrays": lambda texts: {"text": np.array(texts, object), "n": np.arange(len(texts))},
    "frame": lambda texts: pd.DataFrame(
        {"text": texts, "n": range(len(texts))}, index=range(9, 9 - len(texts), -1)
    ),
    "table": lambda texts: pa.table({"text": texts, "n": range(len(texts))}),
    "dictionary": lambda texts: pa.table({"text": pa.array(texts).dictionary_encode()}),
    "record batch": lambda texts: pa.record_batch({"text": pa.array(texts, pa.large_string())}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_a_local_scan(
    kind: str, scorer: BatchScorer, expected: list[dict[str, object]]
) -> None:
    scored = scorer(KINDS[kind](TEXTS))

    assert _rows(scored.to_pydict() if isinstance(scored, pa.Table | pa.RecordBatch) else scored) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_comes_back_as_its_own_kind_with_its_columns_as_they_were(
    kind: str, scorer: BatchScorer
) -> None:
    batch = KINDS[kind](TEXTS)

    scored = scorer(batch)

    assert type(scored) is type(batch)
    if isinstance(batch, pa.Table | pa.RecordBatch):
        assert scored.select(batch.schema.names).equals(batch)
        assert scored.schema.names == [*batch.schema.names, *ADDED]
    elif isinstance(batch, pd.DataFrame):
        pd.testing.assert_frame_equal(scored[["text", "n"]], batch)
    else:
        assert all(scored[name] is batch[name] for name in batch)
        assert list(scored) == [*batch, *ADDED]


def test_scores_are_float32_and_lists_have_their_types_in_a_batch_without_findings(
    scorer: BatchScorer,
) -> None:
    schema = scorer(pa.table({"text": pa.array([None], pa.string())})).schema

    assert {schema.field(label.value).type for label in Label} == {pa.float32()}
    assert schema.field("flags").type == pa.list_(pa.string())
    assert schema.field("spans").type.value_type.names == ["start", "end", "label"]
    assert schema.field("error").type == pa.string()


def test_a_row_without_text_comes_back_with_null_scores_and_why(scorer: BatchScorer) -> None:
    texts = [None, float("nan"), pd.NA, 5, b"\xff", ["سر"], "هلا"]

    scored = scorer({"text": texts})

    assert scored["extortion"][:-1] == [None] * 6
    assert scored["verdict"] == [None] * 6 + ["none"]
    assert scored["flags"] == scored["spans"] == [[]] * 7
    assert scored["error"] == [
        *["the text is null"] * 3,
        "the text is of the type int, not str",
        "the text is of the type bytes, not str",
        "the text is of the type list, not str",
        None,
    ]


def test_a_string_that_is_no_utf8_is_an_error_of_its_row(scorer: BatchScorer) -> None:
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff\xfe", b"ok"]).buffers())

    scored = scorer(pa.table({"text": broken}))

    assert scored["error"].to_pylist() == ["the text is of the type bytes, not str", None]
    assert scored["extortion"].null_count == 1


def test_a_text_that_was_cut_says_so(scorer: BatchScorer) -> None:
    scored = scorer({"text": ["كلام " * 5_000, "كلام"]})

    assert scored["truncated"] == [True, False]


def test_what_goes_to_other_processes_is_no_model_and_scores_the_same_there(scorer: BatchScorer) -> None:
    before = scorer({"text": TEXTS})

    sent = copy.copy(scorer)  # asks for and sets the same state as what engines pickle

    assert scorer.__getstate__() == BatchScorer().__getstate__()
    assert vars(sent) == scorer.__getstate__()
    assert sent({"text": TEXTS}) == before


def test_a_hugging_face_dataset_maps_also_when_its_first_batches_find_nothing(
    scorer: BatchScorer, expected: list[dict[str, object]]
) -> None:
    label = datasets.ClassLabel(names=["a", "b"])
    features = datasets.Features({"text": datasets.Value("string"), "label": label})
    dataset = datasets.Dataset.from_dict({"text": [None, None, *TEXTS], "label": [0] * 7}, features=features)

    scored = dataset.map(scorer, batched=True, batch_size=2)

    assert scored.features["label"] == label
    assert scored.features["spans"].feature["start"].dtype == "int64"
    assert scored["error"][:2] == ["the text is null"] * 2
    assert _rows(scored.to_dict())[2:] == expected


def test_the_iterator_idiom_of_spark_takes_frame_after_frame(
    scorer: BatchScorer, expected: list[dict[str, object]]
) -> None:
    frames = (pd.DataFrame({"text": [text]}) for text in TEXTS)

    scored = pd.concat(scorer.each(frames))

    assert _rows(scored) == expected


def test_the_columns_for_spark_are_those_that_are_added() -> None:
    declared = BatchScorer(prefix="x_").spark_columns

    assert [part.split()[0] for part in declared.split(", ") if "`" in part] == [
        f"`x_{name}`" for name in ADDED
    ]


def test_a_prefix_keeps_the_added_columns_apart(scorer: BatchScorer) -> None:
    twice = BatchScorer(prefix="new_")(scorer(pa.table({"text": TEXTS})))

    assert twice["new_extortion"].equals(twice["extortion"])
    assert twice["new_spans"].equals(twice["spans"])


def test_a_column_that_is_there_already_is_not_overwritten(scorer: BatchScorer) -> None:
    with pytest.raises(InputError) as told:
        scorer({"text": ["سر"], "verdict": ["سر"], "error": [""]})

    assert str(told.value) == (
        "BatchScorer: the batch already has verdict, error.\n"
        "Expected none of the columns that are added, since nothing is overwritten.\n"
        "Drop or rename them, or give the new ones other names: BatchScorer(prefix=…)."
    )


def test_a_batch_without_the_text_names_its_columns(scorer: BatchScorer) -> None:
    with pytest.raises(InputError) as told:
        scorer({"body": ["سر"], "n": [1]})

    assert str(told.value) == (
        "BatchScorer: there is no column 'text'.\n"
        "Expected it among body, n.\n"
        "Say which column holds the texts: BatchScorer(text=…)."
    )


def test_a_batch_of_another_kind_is_refused_without_being_quoted(scorer: BatchScorer) -> None:
    with pytest.raises(InputError) as told:
        scorer(["سر"])

    assert str(told.value) == (
        "BatchScorer: a batch of the type list.\n"
        "Expected a pyarrow Table or RecordBatch, a pandas DataFrame, or a mapping of names to columns.\n"
        "Ask the engine for one of them, for example batch_format='pyarrow'."
    )


def test_a_machine_with_another_model_is_refused(detector: Detector) -> None:
    with pytest.raises(ModelError) as told:
        BatchScorer(version="0" * 12)({"text": ["سر"]})

    assert str(told.value) == (
        f"the default model: version {detector.manifest.version} on this machine.\n"
        "Expected version 000000000000, as where the run was started.\n"
        "Install the same package and model on every machine."
    )


def test_one_text_in_place_of_a_column_is_refused() -> None:
    with pytest.raises(InputError, match="is one text, not a column"):
        BatchScorer()({"text": "ادفع"})
