"""Measure other systems on the messages that the model is measured on.

What they reach stands in `rivals.json` in the model directory, from which the card prints it. It is made by
steps of their own (`training.probe`, `training.scratch`), since training them takes longer than measuring the
model. Their texts are normalised as the model's are; word pieces beyond `max_tokens` are not read.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from detector.normalise import normalise
from detector.runtime import of_one_length
from training import config, corpus, model
from training.judged import best_threshold, judged, known, overall, truth_of

RIVALS = "rivals.json"
BATCH_TOKENS = 4096
Scoring = Callable[[Sequence[str]], NDArray[np.float64]]


def batches(
    tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int
) -> Iterator[tuple[list[int], torch.Tensor]]:
    """The word pieces of texts of one length, shape (texts, pieces), each with the places of its texts."""
    tokenizer.enable_truncation(max_tokens)
    pieces = [one.ids for one in tokenizer.encode_batch([normalise(text).text for text in texts])]
    for same in of_one_length([len(ids) for ids in pieces], BATCH_TOKENS):
        yield same, torch.tensor([pieces[at] for at in same], device=model.device())


def measure(
    settings: config.Config, name: str, about: Mapping[str, object], score: Scoring
) -> dict[str, Any]:
    """Keep and return what a system reaches, after what is to be said `about` it.

    `score` gives texts their scores of extortion, shape (texts,). The threshold is the one with the best F1
    on the development split, without real messages beside it.
    """
    paths = settings.paths
    held = known(corpus.read_part(Path(paths.corpus), Path(paths.split), "development"))
    threshold = best_threshold(score([one.text for one in held]), truth_of(held))
    tests = _tests(settings)
    found: dict[str, Any] = dict(about) | {"of": _digest(tests)}
    for part, examples in tests.items():
        scores = score([one.text for one in examples])
        found[part] = overall(judged(scores, scores >= threshold, examples), settings.evaluate.bootstrap)
    _write(Path(paths.model), _read(Path(paths.model)) | {name: found})
    return found


def forget(settings: config.Config, name: str) -> None:
    """Leave nothing of a system that the settings do without."""
    folder = Path(settings.paths.model)
    if name in (told := _read(folder)):
        _write(folder, {key: value for key, value in told.items() if key != name})


def current(settings: config.Config) -> dict[str, Any]:
    """What was measured on the test sets as they are now, by the system's name."""
    now = _digest(_tests(settings))
    return {name: one for name, one in _read(Path(settings.paths.model)).items() if one["of"] == now}


def _tests(settings: config.Config) -> dict[str, list[corpus.Example]]:
    """The test sets that there are."""
    paths = settings.paths
    parts = {
        "test": known(corpus.read_part(Path(paths.corpus), Path(paths.split), "test")),
        "other_hands": known(corpus.read_examples(Path(paths.other_hands))),
    }
    return {name: examples for name, examples in parts.items() if examples}


def _digest(tests: Mapping[str, Sequence[corpus.Example]]) -> str:
    digest = sha256()
    for name, examples in tests.items():
        digest.update(name.encode())
        for one in examples:
            digest.update(repr((one.id, one.text, sorted(one.labels.items()))).encode())
    return digest.hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    path = folder / RIVALS
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told


def _write(folder: Path, told: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RIVALS).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
