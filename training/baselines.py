"""What the model is compared with: n-grams, a list of words, and a linear probe of the encoder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.records import Label
from training import config, corpus
from training.counts import ObviousWords
from training.figures import f1
from training.ngrams import NgramModel

PROBE = "probe.json"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a system says of the test messages whose label is known, and what is true of them.

    `hard` are the messages whose negatives count as hard ones; `cluster` names what each belongs to: a
    contrast pair, a thread, or itself. All have the shape (messages,).
    """

    scores: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    cluster: NDArray[np.str_]

    def at(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "Judged":
        """The same of some of the messages."""
        return Judged(
            self.scores[places],
            self.decisions[places],
            self.truth[places],
            self.hard[places],
            self.cluster[places],
        )


def judged(
    scores: NDArray[np.float64], decisions: NDArray[np.bool_], examples: Sequence[corpus.Example]
) -> Judged:
    """What a system says of examples, and what is true of them."""
    return Judged(
        scores,
        decisions,
        truth_of(examples),
        np.array([one.source == "corpus" for one in examples], bool),
        np.array([one.pair or one.thread or one.id for one in examples], str),
    )


def truth_of(examples: Sequence[corpus.Example]) -> NDArray[np.bool_]:
    """Which examples are extortion, shape (examples,)."""
    return np.array([bool(one.labels[Label.EXTORTION]) for one in examples], bool)


def best_threshold(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The threshold with the best F1."""
    return float(max(np.unique(scores), key=lambda at: f1(scores >= at, truth)))


class Ngrams:
    """The character n-gram model, trained on the same messages, its threshold chosen on development."""

    def __init__(self, settings: config.Config) -> None:
        paths = settings.paths
        self._model = NgramModel(Label.EXTORTION).fit(corpus.read_training(paths))
        held = corpus.read_part(Path(paths.corpus), Path(paths.split), "development")
        held = [one for one in held if Label.EXTORTION in one.labels]
        scores = self._model.score([one.text for one in held])
        self._threshold = best_threshold(scores, truth_of(held))

    def judge(self, examples: Sequence[corpus.Example]) -> Judged:
        """What the n-grams say of the examples."""
        scores = self._model.score([one.text for one in examples])
        return judged(scores, scores >= self._threshold, examples)


@dataclass(frozen=True, slots=True)
class Probe:
    """What `training.probe` found: a threshold, and a score for each example by its id."""

    threshold: float
    scores: Mapping[str, float]

    def write(self, run: Path) -> None:
        """Keep it in the run directory."""
        told = {"threshold": self.threshold, "scores": dict(self.scores)}
        (run / PROBE).write_text(json.dumps(told) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, run: Path) -> "Probe | None":
        """The probe of a run directory, if one was made."""
        path = run / PROBE
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def judge(self, examples: Sequence[corpus.Example]) -> Judged:
        """What the probe says of the examples.

        Raises:
            KeyError: An example was not scored: the probe is of another corpus.
        """
        scores = np.array([self.scores[one.id] for one in examples])
        return judged(scores, scores >= self.threshold, examples)


@dataclass(frozen=True, slots=True)
class Baselines:
    """Everything that the model is compared with."""

    ngrams: Ngrams
    words: ObviousWords
    probe: Probe | None

    @classmethod
    def of(cls, settings: config.Config) -> "Baselines":
        """The n-grams trained, the words read, and the probe if it was made."""
        return cls(Ngrams(settings), ObviousWords(), Probe.read(Path(settings.paths.run)))
